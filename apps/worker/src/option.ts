/** One thing that can be set: by a flag, the environment, the file, or its default, in this order. */
export type Option = Readonly<{
  key: string;
  env: string;
  /** Absent where a command line is the wrong place: for limits that hardly anybody changes. */
  flag?: string;
  /** What the flag takes; a flag without it is a switch. */
  value?: string;
  /** The flag may come again and again; the variable holds all of it, separated by commas. */
  isRepeated?: boolean;
  fallback?: string;
  help: string;
}>;
