// The worker's end of inside.js: asks the page for the parts that the single file carries.
let port = null;
const open = new Map();
const connected = new Promise((resolve) => {
  self.addEventListener('message', (event) => {
    if (event.data?.kind !== 'inside') return;
    event.stopImmediatePropagation(); // not one of the runtime's
    [port] = event.ports;
    port.onmessage = ({ data: { ticket, content } }) => {
      open.get(ticket)(content);
      open.delete(ticket);
    };
    resolve();
  });
});
let tickets = 0;

globalThis.coppiceInside = {
  async file(path) {
    await connected;
    tickets += 1;
    const ticket = tickets;
    return new Promise((resolve) => {
      open.set(ticket, resolve);
      port.postMessage({ path, ticket });
    });
  },
};
