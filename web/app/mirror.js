// The state as DOM: the table, the list of models, the headline. What the canvas shows is here too, for screen readers,
// for copying and for tests. Elements are kept and only their text changes, so that focus and selection stay.

const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const create = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// "11.1 J (7.10 J to 15.5 J)": the band stands on a line of its own.
function fillCell(cell, text) {
  if (cell.dataset.text === text) return;
  cell.dataset.text = text;
  const [, value, band] = text.match(/^(.*?) \((.*)\)$/s) ?? [null, text, ''];
  if (!band) return void (cell.textContent = text);
  cell.replaceChildren(value, create('span', { class: 'band' }, `(${band})`));
}

// Makes `table` show head and rows of texts; a row's first cell is its heading. Cells are kept where they are the same.
function fillTable(table, head, rows) {
  const headRow = table.tHead.rows[0] ?? table.tHead.insertRow();
  if (headRow.dataset.head !== head.join('\n')) {
    headRow.dataset.head = head.join('\n');
    headRow.replaceChildren(...head.map((title) => create('th', { scope: 'col' }, title)));
  }
  const body = table.tBodies[0];
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach(({ key, cells, marks = [] }, index) => {
    const row = body.rows[index] ?? body.insertRow();
    row.dataset.key = key;
    while (row.cells.length > cells.length) row.deleteCell(-1);
    cells.forEach((text, column) => {
      if (!row.cells[column]) row.append(create(column === 0 ? 'th' : 'td', column === 0 ? { scope: 'row' } : {}));
      fillCell(row.cells[column], text);
      row.cells[column].classList.toggle('better', marks.includes(column));
    });
  });
}

export class Table {
  #table;
  #rows = new Map();

  constructor(table) {
    this.#table = table;
  }

  update(view) {
    const { tHead: head, tBodies } = this.#table;
    if (head.rows.length === 0) {
      head.append(
        create('tr', {}, ...view.columns.map(({ key, title }) => create('th', { scope: 'col', 'data-key': key }, title))),
      );
    }
    for (const model of view.models) {
      let row = this.#rows.get(model.id);
      if (!row) {
        row = create('tr', { 'data-model': model.id });
        for (const { key } of view.columns) {
          row.append(create(key === 'model' ? 'th' : 'td', key === 'model' ? { scope: 'row' } : { 'data-key': key }));
        }
        this.#rows.set(model.id, row);
        tBodies[0].append(row);
      }
      row.dataset.phase = model.phase;
      view.columns.forEach(({ key }, index) => fillCell(row.cells[index], model.text[key]));
      const verdict = row.querySelector('[data-key="verdict"]');
      if (model.logits) verdict.dataset.verdict = model.logits[1] > model.logits[0] ? '1' : '0';
      else delete verdict.dataset.verdict;
    }
    const rows = view.insights.order.map((id) => this.#rows.get(id));
    if (rows.some((row, place) => tBodies[0].rows[place] !== row)) tBodies[0].append(...rows);
  }
}

export class ModelList {
  #list;
  #items = new Map();
  #select;
  #retry;

  // select(id, selected) and retry(id) are called when the visitor does so.
  constructor(list, { select, retry }) {
    this.#list = list;
    this.#select = select;
    this.#retry = retry;
  }

  update(view) {
    if (view.models.length > 0 && this.#items.size === 0) this.#list.replaceChildren();
    for (const model of view.models) {
      const item = this.#items.get(model.id) ?? this.#add(model.id);
      item.box.checked = model.selected;
      const failed = model.phase === 'failed';
      setText(item.what, failed ? 'not available' : model.text.state);
      item.failed.hidden = !failed;
      setText(item.problem, model.problem);
    }
  }

  #add(id) {
    const box = create('input', { type: 'checkbox' });
    const what = create('span', { class: 'what' });
    const problem = create('span');
    const again = create('button', { type: 'button', class: 'quiet small' }, 'Try again');
    const failed = create('div', { class: 'failed' }, problem, again);
    box.addEventListener('change', () => this.#select(id, box.checked));
    again.addEventListener('click', () => this.#retry(id));
    this.#list.append(create('li', { 'data-model': id }, create('label', {}, box, create('span', {}, id), what), failed));
    const item = { box, what, problem, failed };
    this.#items.set(id, item);
    return item;
  }
}

// Words that are quoted from a review may run from right to left: each is kept apart from the sentence round it.
export const quoted = (text) => text.split(/(“[^”]*”)/).map((part) => (part.startsWith('“') ? create('bdi', {}, part) : part));

export function setQuoted(element, text) {
  if (element.textContent !== text) element.replaceChildren(...quoted(text));
}

// A sentence with the names of models kept whole: a browser breaks a line at each of their hyphens.
export function setNaming(element, text, names) {
  if (element.textContent === text) return;
  const short = names.filter((name) => name.includes('-') && name.length <= 28).sort((a, b) => b.length - a.length);
  const parts = [text];
  for (const name of short) {
    for (let i = parts.length - 1; i >= 0; i -= 1) {
      if (typeof parts[i] !== 'string') continue;
      const pieces = parts[i].split(name).flatMap((piece) => [piece, create('span', { class: 'whole' }, name)]);
      parts.splice(i, 1, ...pieces.slice(0, -1));
    }
  }
  element.replaceChildren(...parts.filter((part) => part !== ''));
}

// Of buttons that take each other's place: where the one that had the focus (`held`, as it was before they changed) is gone
// or disabled, the focus goes to the first that is there.
export function handFocus(held, buttons) {
  const gone = (element) => element.hidden || element.disabled;
  if (buttons.includes(held) && gone(held)) buttons.find((button) => !gone(button))?.focus();
}

export function updateList(list, lines) {
  if (list.children.length === lines.length && lines.every((line, i) => list.children[i].textContent === line)) return;
  list.replaceChildren(...lines.map((line) => create('li', {}, line)));
}

// choices: [{ id, name, group? }]
export function fillSelect(select, choices, label) {
  let group = null;
  for (const choice of choices) {
    if (choice.group && group?.label !== choice.group) {
      group = create('optgroup', { label: choice.group });
      select.append(group);
    }
    (choice.group ? group : select).append(create('option', { value: choice.id }, label(choice)));
  }
}

export { create, fillCell, fillTable, setText };
