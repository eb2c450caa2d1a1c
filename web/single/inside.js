// The parts that the single file carries, for web/app/places.js: gzip in base64 in data blocks, unpacked when asked for.
// A worker from a blob cannot read the page's blocks, so it asks for them through a port.
function bytesOf(block) {
  const text = atob(block.textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function file(path) {
  const block = document.querySelector(`script[data-path="${CSS.escape(path)}"]`);
  if (!block) return null;
  const unpacked = new Blob([bytesOf(block)]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

// Synchronous, since a Worker is made at once: the block is unpacked when the page starts.
const workerScript = file('worker.js').then((script) => URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
let workerAddress = null;

globalThis.coppiceInside = {
  file,
  ready: workerScript.then((address) => {
    workerAddress = address;
  }),
  worker() {
    const worker = new Worker(workerAddress);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = async ({ data: { path, ticket } }) => port1.postMessage({ ticket, content: await file(path) });
    worker.postMessage({ kind: 'inside' }, [port2]);
    return worker;
  },
};
