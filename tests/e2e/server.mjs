// A small static server for tests: the built page below any path, with models from another folder, with or without the
// headers of cross-origin isolation, and with faults on request. The product's server is coppice-serve.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
};

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

// dist: the built page. models: a folder that takes the place of dist/models. below: the path that the page is under.
// mounts: { 'some/path/': folder }, looked at first, in this order. cutAfter: { 'dense/onnx/model.onnx': 1000 } breaks the connection there.
export async function serve({ dist, models, mounts = {}, isolated = false, below = '/', cutAfter = {} }) {
  const requests = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    requests.push(url.pathname);
    const refuse = (status) => response.writeHead(status, { 'Content-Type': 'text/plain' }).end(`${status}\n`);
    if (!url.pathname.startsWith(below)) return refuse(404);
    let file = decodeURIComponent(url.pathname.slice(below.length));
    if (file === '' || file.endsWith('/')) file += 'index.html';
    if (file.split('/').includes('..')) return refuse(400);
    const inModels = models && file.startsWith('models/');
    const mount = Object.keys(mounts).find((prefix) => file.startsWith(prefix));
    if (mount) file = path.join(mounts[mount], file.slice(mount.length));
    else file = inModels ? path.join(models, file.slice('models/'.length)) : path.join(dist, file);
    let size;
    try {
      const status = statSync(file);
      if (!status.isFile()) return refuse(404);
      ({ size } = status);
    } catch {
      return refuse(404);
    }
    response.writeHead(200, {
      'Content-Type': types[path.extname(file)] ?? 'application/octet-stream',
      'Content-Length': size,
      'Cache-Control': 'no-cache',
      ...(isolated ? isolation : {}),
    });
    const cut = inModels ? cutAfter[path.relative(models, file).split(path.sep).join('/')] : undefined;
    if (cut === undefined) return createReadStream(file).pipe(response);
    createReadStream(file, { end: cut - 1 })
      .on('end', () => response.destroy())
      .pipe(response, { end: false });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}${below}`,
    requests,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}
