// Every Debian 12 package that `npm start` and `npm test` install, with the reason. This table is the only place that
// names them; `start` is a part of `test`.
const packages = [
  // The page and the server behind it: `npm start`.
  ['start', 'g++', 'compiles the server, the programs and the tests'],
  ['start', 'cmake', 'configures the builds (CMakePresets.json)'],
  ['start', 'ninja-build', 'runs the builds'],
  ['start', 'pkg-config', 'tells CMake where libraries without a CMake file of their own are'],
  ['start', 'emscripten', 'compiles the C++ core and the page to WebAssembly'],
  ['start', 'python3-pip', 'downloads the Dear ImGui and ImPlot sources (scripts/fetch-imgui.sh)'],
  ['start', 'ca-certificates', 'lets pip and npm check whom they talk to'],
  ['start', 'nlohmann-json3-dev', 'JSON in the core, natively and in WebAssembly'],
  ['start', 'libhwy-dev', 'portable SIMD for the kernels of the core'],
  ['start', 'libcpp-httplib-dev', 'HTTP for coppice-serve'],
  ['start', 'libcli11-dev', 'command line parsing of all programs'],
  ['start', 'libssl-dev', 'SHA-256 of files'],

  // The programs and what tests them: `npm test`.
  ['test', 'libtorch-dev', 'tensors and gradients for coppice-torch'],
  ['test', 'libopenblas0-pthread', "libtorch's matrix products: without it Debian's libtorch is some 15 times slower"],
  ['test', 'libonnx-dev', 'ONNX messages and checker, for the export'],
  ['test', 'libprotobuf-dev', 'serialises the ONNX messages'],
  ['test', 'protobuf-compiler', "needed by CMake's protobuf module"],
  ['test', 'libsimdjson-dev', 'reads a thousand run records in a second'],
  ['test', 'libarchive-dev', 'safe extraction of the IMDb archive'],
  ['test', 'libcurl4-openssl-dev', 'downloads of data sets and base models'],
  ['test', 'libgtest-dev', 'C++ unit tests'],
  ['test', 'libclang-rt-14-dev', 'AddressSanitizer and UBSan for clang, which emscripten brings'],
  ['test', 'clang-format-14', 'checks that C++ is laid out alike'],
  ['test', 'chromium', 'the browser of the end-to-end tests'],
  ['test', 'curl', 'requests that docs/deploy.md and deploy/time-requests.sh make'],
  ['test', 'buildah', 'puts the image of coppice-serve together without a Docker engine'],
  ['test', 'shellcheck', 'reads the deployment scripts for mistakes'],
  ['test', 'ccache', 'makes the second build quick'],
  ['test', 'mold', 'links the programs in a third of the time'],
];

// [{ name, why }] for 'start' or 'test'.
export function packagesFor(command) {
  return packages.filter(([scope]) => scope === 'start' || command === 'test').map(([, name, why]) => ({ name, why }));
}
