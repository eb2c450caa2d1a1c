// How many threads a model may take. Half of those of a big machine gain little on models this small and disturb what else
// runs; without cross-origin isolation there is no memory to share.
export const threadsToUse = () =>
  self.crossOriginIsolated === true ? Math.max(1, Math.min(4, navigator.hardwareConcurrency || 1)) : 1;
