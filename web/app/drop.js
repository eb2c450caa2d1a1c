// Files dropped anywhere on the page, or chosen by the buttons beside the models: models go to the comparison, a text file
// becomes the review, anything else is refused with a sentence.
import { BringError, filesOfDrop, filesOfInput, readModels } from './bring.js';

const mostTextBytes = 4 * 1024 * 1024;
const looksLikeModel = (name) => /\.(zip|onnx|safetensors)$/i.test(name);

// A text, or null for bytes that are none: a zero byte, or not UTF-8.
async function textOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

// outside: takes models. elements: { say, folder, zip }; say: where it is told. taken(): names of the rows.
// setReview(text). other(file): may take a file that is no model, and then returns true.
export function setUpDrop({ outside, elements, taken, setReview, other = async () => false }) {
  const tell = (text, problem = false) => {
    elements.say.textContent = text;
    elements.say.classList.toggle('problem', problem);
  };

  const addModels = async (files) => {
    tell('Reading the model.');
    const models = await readModels(files, { unzip: (bytes) => outside.unzip(bytes), taken: taken() });
    const added = [];
    for (const model of models) {
      const error = outside.addModel(model);
      if (error) throw new BringError(error.message);
      added.push(model.event.model);
    }
    tell(`${added.join(', ')} ${added.length === 1 ? 'is' : 'are'} in the comparison. Nothing of it leaves your device.`);
  };

  const addFile = async (file) => {
    if (await other(file)) return;
    if (file.size > mostTextBytes) throw new BringError(`${file.name} has ${(file.size / 1e6).toFixed(0)} MB: too long for one review.`);
    const text = await textOf(file);
    if (text === null) throw new BringError(`${file.name} is no text (it holds bytes that are not UTF-8). Drop a text file, or a model as a folder or zip.`);
    setReview(text);
    tell(`${file.name} is the review now.`);
  };

  const attempt = async (work) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof BringError)) console.error(error);
      tell(error instanceof BringError ? error.message : `The files could not be read (${error.message}).`, true);
    }
  };

  document.addEventListener('dragover', (event) => {
    if (![...event.dataTransfer.types].includes('Files')) return;
    event.preventDefault();
    document.body.dataset.dragging = 'true';
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) delete document.body.dataset.dragging;
  });
  document.addEventListener('drop', (event) => {
    delete document.body.dataset.dragging;
    if (event.defaultPrevented) return; // taken by a part of the page
    if (![...event.dataTransfer.types].includes('Files')) return; // a text dropped into the review
    event.preventDefault();
    const { folders, read } = filesOfDrop(event.dataTransfer);
    attempt(async () => {
      const files = await read();
      const [only] = files.values();
      if (files.size === 0) throw new BringError('There was no file in what was dropped.');
      if (folders || files.size > 1 || looksLikeModel(only.name)) await addModels(files);
      else await addFile(only);
    });
  });
  for (const input of [elements.folder, elements.zip]) {
    input.addEventListener('change', () => {
      if (input.files.length > 0) {
        const files = filesOfInput(input);
        attempt(() => addModels(files));
      }
      input.value = ''; // the same folder again is a new choice
    });
  }
}
