// ONNX Runtime Web's two builds: the small one, which runs on WASM, and the one with WebGPU, which is fetched only where
// it is chosen. Threads need cross-origin isolation.
import { get, page, single } from './places.js';
import { threadsToUse } from './threads.js';

const loaders = {
  wasm: () => import('../ort/ort.wasm.min.mjs'),
  webgpu: () => import('../ort-webgpu/ort.webgpu.min.mjs'),
};
const folders = { wasm: 'ort/', webgpu: 'ort-webgpu/' };

async function checkGpu() {
  if (!navigator.gpu) throw new Error('this browser has no WebGPU');
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('the browser found no graphics device for it');
}

// Resolves to { ort, provider, about }: the module, its execution provider, and what rows say of it.
export async function startRuntime(backend) {
  if (backend === 'webgpu') await checkGpu();
  const ort = await loaders[backend]();
  const isolated = self.crossOriginIsolated === true;
  const threads = threadsToUse();
  if (!single) ort.env.wasm.wasmPaths = new URL(folders[backend], page).href;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  if (single) ort.env.wasm.wasmBinary = await (await get(`${page.href}ort/ort-wasm-simd-threaded.wasm`)).arrayBuffer();
  const { versions } = ort.env;
  return {
    ort,
    provider: backend,
    about: {
      name: 'ONNX Runtime Web',
      version: versions.web ?? versions.common,
      backend: backend === 'webgpu' ? 'WebGPU' : 'WASM',
      threads: backend === 'webgpu' ? 0 : threads, // of a GPU there is no such number
      isolated,
    },
  };
}

// A model of one node that hands on its input: ONNX Runtime fetches and compiles its WebAssembly with the first session,
// and has no call for that alone.
const smallestModel = 'CAgSADo3ChAKAXgSAXkiCElkZW50aXR5EgFnWg8KAXgSCgoICAESBAoCCAFiDwoBeRIKCggIARIECgIIAUIECgAQDQ==';

// What a first session would wait for is there when this resolves. ort: of startRuntime('wasm').
export async function startWasm(ort) {
  const content = Uint8Array.from(atob(smallestModel), (letter) => letter.charCodeAt(0));
  const session = await ort.InferenceSession.create(content, { executionProviders: ['wasm'] });
  await session.release();
}
