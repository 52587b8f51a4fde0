// merge_chunks BUNDLE ESBUILD: makes fewer files of the bundle in a directory.
//
// The bundler puts a module into a file with those that are loaded by just the same ones of about
// sixty modules, so that "run" would load some sixty files, most of them of 2 kB, and each takes
// 0.05 ms of its start. What matters is which of a few commands load a file: here those are merged,
// by esbuild as the bundle itself is, that are the same for all of these commands. No line is moved
// in a file that stays, so that its source map stays right.

/**
 * The modules that the commands load for which it matters: see bundle/*.js for their names. Commands
 * in one group load much the same: what one of them needs is loaded by all, and there are fewer files.
 */
const COMMANDS = [
  ["main", "check"],
  ["ls", "status", "dump"],
  ["run", "named", "lazy_imports"],
  ["wait", "logs"],
  ["stop", "named"],
];

/** An import from another file of the bundle: of a list of names, or of none to have it loaded alone. */
const IMPORT = /^import (?:\{([^}]*)\} from )?"\.\/([^"]+)";$/gm;
const EXPORT = /^export \{([^}]*)\};$/m;

/** Where a chunk is after the merging, and how the names begin there that it exports. */
interface Place {
  file: string;
  prefix: string;
}

const [bundle = "", esbuild = ""] = Deno.args;
const names = [...Deno.readDirSync(bundle)].map(({ name }) => name)
  .filter((name) => name.endsWith(".js")).sort();
const texts = new Map(names.map((name) => [name, Deno.readTextFileSync(`${bundle}/${name}`)]));

function text(name: string): string {
  const found = texts.get(name);
  if (found === undefined) throw new Error(`the bundle has no file ${name}`);
  return found;
}

/** Returns the files of all modules of a name that are loaded by themselves: two have the name "stop". */
function entries(module: string): string[] {
  const found = names.filter((name) => name.replace(/(-[0-9A-Z]{8})?\.js$/, "") === module);
  if (found.length === 0) throw new Error(`the bundle has no file for ${module}`);
  return found;
}

/** Returns the files that are loaded with some. */
function loadedWith(files: readonly string[]): Set<string> {
  const loaded = new Set(files);
  for (const file of loaded) {
    for (const [, , imported = ""] of text(file).matchAll(IMPORT)) loaded.add(imported);
  }
  return loaded;
}

/** Returns the chunks to merge, by the name of the file that they become. */
function merged(): Map<string, string[]> {
  const commands = COMMANDS.map((modules) => loadedWith(modules.flatMap(entries)));
  const all = Map.groupBy(
    names.filter((name) => name.startsWith("chunk-")),
    (name) => commands.map((loaded) => loaded.has(name) ? "1" : "0").join(""),
  );
  return new Map(
    [...all].filter(([users, chunks]) => users.includes("1") && chunks.length > 1)
      .map(([users, chunks]) => [`chunks-${users}.js`, chunks]),
  );
}

/** Returns the text of a module that exports what chunks do. */
function reexports(chunks: readonly string[]): string {
  return chunks.map((chunk) => {
    const exported = (EXPORT.exec(text(chunk))?.[1] ?? "").split(",")
      .map((word) => word.trim().split(" as ").at(-1) ?? "").filter(Boolean)
      .map((name) => `${name} as ${places.get(chunk)?.prefix}${name}`);
    const what = exported.length === 0 ? "" : `export { ${exported.join(", ")} } from`;
    return `${what || "import"} "./${chunk}";\n`;
  }).join("");
}

/** Merges chunks into one file. What they import of others stays. */
function merge(file: string, chunks: readonly string[]): void {
  Deno.writeTextFileSync(`${bundle}/${file}`, reexports(chunks));
  const others = names.filter((name) => !chunks.includes(name));
  // V8 reads a file faster if each character in it is one byte.
  const options = ["--bundle", "--format=esm", "--charset=ascii", "--sourcemap=linked"];
  const args = [
    file,
    ...options,
    "--log-level=warning",
    "--allow-overwrite",
    `--outfile=${file}`,
    ...others.map((name) => `--external:./${name}`),
  ];
  const { code } = new Deno.Command(esbuild, { args, cwd: bundle, stdout: "null" }).outputSync();
  if (code !== 0) throw new Error(`esbuild has failed with status ${code} for ${file}`);
}

/** Returns the text of a file with the imports of chunks led to where these are now. */
function redirected(code: string): string {
  return code.replaceAll(IMPORT, (all, list: string | undefined, chunk: string) => {
    const place = places.get(chunk);
    if (place === undefined) return all;
    if (list === undefined) return `import "./${place.file}";`;
    const imported = list.replaceAll(
      /([\w$]+)( as [\w$]+)?(?=\s*(,|$))/g,
      (_, name, as = ` as ${name}`) => `${place.prefix}${name}${as}`,
    );
    return `import {${imported}} from "./${place.file}";`;
  });
}

const groups = merged();
const places = new Map<string, Place>(
  [...groups].flatMap(([file, chunks]) =>
    chunks.map((chunk, i) => [chunk, { file, prefix: `c${i}_` }] as const)
  ),
);
for (const [file, chunks] of groups) merge(file, chunks);
for (const chunk of places.keys()) {
  for (const file of [chunk, `${chunk}.map`]) Deno.removeSync(`${bundle}/${file}`);
}
for (const file of [...names.filter((name) => !places.has(name)), ...groups.keys()]) {
  const path = `${bundle}/${file}`;
  const code = redirected(Deno.readTextFileSync(path));
  // Another version of the bundler might write imports in another form.
  const lost = [...places.keys()].find((chunk) => code.includes(`"./${chunk}"`));
  if (lost !== undefined) throw new Error(`${file} still imports ${lost}, which was merged`);
  Deno.writeTextFileSync(path, code);
}
