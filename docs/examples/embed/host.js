// What a host page may do with the events: here, one sentence.
document.addEventListener('coppice-result', ({ target, detail }) => {
  const sentence = detail.models
    .filter(({ label }) => label)
    .map(({ id, label, probability, median_ms: time }) => `${id}: ${label} (${(100 * probability).toFixed(1)} %), ${time.toPrecision(3)} ms`)
    .join('; ');
  document.getElementById('told').textContent = `${target.id}: ${sentence}`;
});
document.addEventListener('coppice-error', ({ target, detail }) => {
  document.getElementById('told').textContent = `${target.id} failed: ${detail.message}`;
});
