/** The labels of a run, which its caller has given to it: values by names. */
export type Labels = Readonly<Record<string, string>>;

/** The most labels that a run can have. */
export const MOST_LABELS = 64;

/** The greatest length of the names and values of all labels of a run together, in bytes of UTF-8. */
export const LONGEST_LABELS = 16_384;

/** Returns why a run cannot have these labels; undefined if it can. */
export function whyNotLabels(labels: Labels): string | undefined {
  const entries = Object.entries(labels);
  if (entries.length > MOST_LABELS) return `a run can have ${MOST_LABELS} labels`;
  const length = new TextEncoder().encode(entries.flat().join("")).length;
  return length > LONGEST_LABELS
    ? `the labels of a run can have ${LONGEST_LABELS} bytes together, not ${length}`
    : undefined;
}

/** Returns whether a value has the type of labels, and not more of them than a run can have. */
export function isLabels(value: unknown): value is Labels {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string") &&
    whyNotLabels(value as Labels) === undefined;
}

/** A label that a run must have to be selected; without a value, any value will do. */
export interface WantedLabel {
  name: string;
  value?: string;
}

/** Returns whether a run has all of these labels. */
export function hasLabels(labels: Labels, wanted: readonly WantedLabel[]): boolean {
  return wanted.every(({ name, value }) =>
    Object.hasOwn(labels, name) && labels[name] === (value ?? labels[name])
  );
}
