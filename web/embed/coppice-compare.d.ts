/** One model of a comparison that has ended; what it has no result for is absent. */
export interface CoppiceModelResult {
  id: string;
  label?: 'negative' | 'positive';
  /** Of that label. */
  probability?: number;
  median_ms?: number;
  /** 95 % bootstrap interval of the median. */
  median_interval_ms?: [number, number];
  /** Modelled or measured: `provenance` says which. */
  energy_joules?: { value: number; low: number; high: number; provenance: string };
  carbon_grams_co2e?: { value: number; low: number; high: number; provenance: string };
  /** What ran it, e.g. "ONNX Runtime Web 1.30.0, WASM, 1 thread". */
  runtime: string;
  /** Why it failed; empty if it did not. */
  problem: string;
}

export interface CoppiceResult {
  agreement: 'none' | 'agree' | 'disagree';
  headline: string;
  models: CoppiceModelResult[];
}

export class CoppiceCompare extends HTMLElement {
  /** Compares now, or as soon as the page is there. */
  compare(): void;
  stop(): void;
  addEventListener(type: 'coppice-ready', listener: (event: CustomEvent<{ models: string[] }>) => void): void;
  addEventListener(type: 'coppice-result', listener: (event: CustomEvent<CoppiceResult>) => void): void;
  addEventListener(type: 'coppice-error', listener: (event: CustomEvent<{ message: string }>) => void): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-compare': CoppiceCompare;
  }
}
