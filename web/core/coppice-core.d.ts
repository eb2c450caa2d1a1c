/** Where texts are judged, as you know it: nothing is guessed. Without a device there is no estimate. */
export interface Place {
  device?: 'laptop' | 'desktop' | 'phone' | 'tablet' | 'server';
  /** ISO 3166 alpha-3 ("FRA"), "WORLD", or "gcp:" and a region of Google Cloud; without one there is no carbon. */
  country?: string;
  /** "time_power" if absent. */
  method?: 'time_power' | 'operations' | 'shipped';
}

/** A figure lies between `low` and `high`: what its inputs may be, no statistical interval. */
export interface Energy {
  joules: number;
  low: number;
  high: number;
  /** Which model, and its inputs. */
  method: string;
  provenance: 'measured' | 'modelled' | 'assumed' | 'mixed';
}

/** Of the electricity alone, not of making the device. */
export interface Carbon {
  /** Of CO2e. */
  grams: number;
  low: number;
  high: number;
  method: string;
  provenance: 'measured' | 'modelled' | 'assumed' | 'mixed';
  gramsPerKwh: number;
  place: string;
  source: string;
  /** That gramsPerKwh is of; null: not known. */
  year: number | null;
}

export interface Verdict {
  /** The model's word for the class: "negative" or "positive". */
  label: string;
  classIndex: 0 | 1;
  /** Of that label: softmax of the logits, as the model gives it. */
  probability: number;
  logits: [number, number];
  /** That were judged, [CLS] and [SEP] included; words of a linear model. */
  tokens: number;
  /** Of the whole text. */
  tokensWhole: number;
  /** The model reads fewer tokens than the text has. */
  truncated: boolean;
  /** That reading and judging took. */
  milliseconds: number;
  /** null: no device was named. */
  energy: Energy | null;
  /** null: no device or no country was named. */
  carbon: Carbon | null;
}

export interface About {
  id: string;
  architecture: 'bert' | 'linear';
  labels: [string, string];
  /** Path of the weights in the folder. */
  weights: string;
  /** Sizes and sha256 of the files were those of a manifest. */
  checked: boolean;
  parameters: number;
  /** Of transformers only, like the rest. */
  max_tokens?: number;
  truncation?: 'head' | 'head_tail';
  arithmetic?: string;
  instruction_set?: string;
}

export interface Model {
  readonly about: About;
  /** `place` stands above that of load(). Computes on the calling thread: in a page, call it in a worker. */
  classify(text: string | Uint8Array, place?: Place): Promise<Verdict>;
  /** Gives the memory back at once; without it, that is left to the garbage collector. */
  destroy(): void;
}

export type Files = Record<string, Uint8Array | ArrayBuffer | string> | Map<string, Uint8Array | ArrayBuffer | string>;

/** Address of a model's folder (in Node its path too), or its files by their paths below it. */
export declare function load(source: string | URL | Files, place?: Place): Promise<Model>;

/** The linear model that comes with this package. */
export declare const linearNgrams: URL;

export declare function choices(): Promise<{
  devices: { id: string; name: string; watts: number; watts_low: number; watts_high: number }[];
  countries: { id: string; name: string; grams_per_kwh: number }[];
  methods: { id: string; name: string; counts: string }[];
}>;

/** What every failure is: `message` says what was read, what was expected and what to do. */
export declare class CoreError extends Error {
  code: 'invalid_input' | 'invalid_usage' | 'not_found' | 'unsupported' | 'failed';
}
