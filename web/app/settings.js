// Small choices kept for the next visit. A browser that refuses storage simply forgets them.
const prefix = 'coppice.';

export function remember(name, value) {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    // Storage denied: the choice holds for this visit.
  }
}

export function remembered(name) {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}
