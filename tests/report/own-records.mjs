// What docs/report is made from: the shipped models, the sweep that chose the baseline's settings, and the latency table that
// pruning went by. The unstructured model of docs/records is left out: it was made from an earlier baseline of the same name.
export const ownRecords = {
  models: ['models'],
  runs: ['docs/records/sweep-minilm-l6-imdb', 'docs/bench'],
  command: ['report', '--models', 'models', '--runs', 'docs/records/sweep-minilm-l6-imdb', 'docs/bench'],
};
