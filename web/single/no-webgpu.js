// The single file leaves the 27 MB of ONNX Runtime's WebGPU build out, and the page offers no choice there.
throw new Error('the single-file page has no WebGPU');
