import type { TestNamespace } from "../harness.ts";

/** Puts something in the place of the release agent, which the kernel may be running. */
export class ReplacedAgent {
  /** The path of the true one. */
  readonly real: string;
  readonly #text: string;

  constructor(private readonly ns: TestNamespace) {
    this.real = `${ns.agent}.real`;
    this.#text = Deno.readTextFileSync(ns.agent);
    Deno.writeTextFileSync(this.real, this.#text, { mode: 0o755 });
  }

  /** What it does from now on, as shell. */
  becomes(script: string): void {
    this.#put(`#!/bin/sh\n${script}\n`);
  }

  /** Puts the true one back. */
  restore(): void {
    this.#put(this.#text);
  }

  #put(text: string): void {
    Deno.writeTextFileSync(`${this.ns.agent}.new`, text, { mode: 0o755 });
    Deno.renameSync(`${this.ns.agent}.new`, this.ns.agent);
  }
}
