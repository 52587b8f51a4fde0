/** What tells the file of a log from all others, whatever name it gets. */
export interface LogIdentity {
  /** The number of the device (inode(7)). */
  dev: number;
  /** The inode number, which may be used again when the file has been removed. */
  ino: number;
  /** When the file was made, in milliseconds since 1970 (statx(2)); null if the file system does not tell. */
  birth: number | null;
  /** The size of the file when the run opened it, in bytes: 0 for a new file. */
  size: number;
}

/** Returns the identity of a file. */
export function identityOf({ dev, ino, birthtime, size }: Deno.FileInfo): LogIdentity {
  // Some file systems tell 0 for all files.
  return { dev, ino: ino ?? 0, birth: birthtime?.getTime() || null, size };
}

/** Returns the identity of a log as the word that `parseLogIdentity` reads. */
export function formatLogIdentity({ dev, ino, birth, size }: LogIdentity): string {
  return `${dev}:${ino}:${birth ?? ""}:${size}`;
}

/** Reads such a word. Returns undefined if it is none. */
export function parseLogIdentity(text = ""): LogIdentity | undefined {
  const [, dev, ino, birth, size] = /^(\d{1,22}):(\d{1,22}):(\d{0,15}):(\d{1,16})$/.exec(text) ??
    [];
  if (dev === undefined || ino === undefined) return undefined;
  return {
    dev: Number(dev),
    ino: Number(ino),
    birth: birth ? Number(birth) : null,
    size: Number(size),
  };
}
