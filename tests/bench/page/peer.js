// As transformers.js's own guide has it, with files of this server: the library's bundle, its runtime, the model.
import { env, pipeline } from './transformers.min.js';

env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = new URL('./models/', import.meta.url).pathname; // of a whole address it takes no tokenizer
env.backends.onnx.wasm.wasmPaths = new URL('./ort/', import.meta.url).href;
const text = new URLSearchParams(location.hash.slice(1)).get('text');
// fp32 is the name of the file, onnx/model.onnx; what is in it is int8.
const classify = await pipeline('text-classification', 'dense-int8', { device: 'wasm', dtype: 'fp32' });
const [{ label, score }] = await classify(text, { truncation: true });
document.getElementById('verdict').textContent = `${label} ${score}`;
window.verdictAt = performance.now();
