const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(ms|millis?|milliseconds?)$/i, 1],
  [/^(s|secs?|seconds?)$/i, 1_000],
  [/^(m|mins?|minutes?)$/i, 60_000],
  [/^(h|hr|hours?)$/i, 3_600_000],
  [/^(d|days?)$/i, 86_400_000],
];

/** `"2 minutes"` → 120000 ms; undefined when it is no duration. The unit names are those of OpenWhisk's manifests. */
export const parseDuration = (text: string): number | undefined => {
  const match = /^\s*(\d+)\s*([a-z]+)\s*$/i.exec(text);
  const unit = UNITS.find(([names]) => names.test(match?.[2] ?? ''));
  return match && unit ? Number(match[1]) * unit[1] : undefined;
};
