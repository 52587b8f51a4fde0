import type { TestNamespace } from "../harness.ts";

/** Replaces a release agent, which the kernel may be running, by other shell code. */
export class ReplacedAgent {
  /** The path of the true agent. */
  readonly real: string;
  readonly #text: string;

  constructor(private readonly ns: TestNamespace) {
    this.real = `${ns.agent}.real`;
    this.#text = Deno.readTextFileSync(ns.agent);
    Deno.writeTextFileSync(this.real, this.#text, { mode: 0o755 });
  }

  /** Sets the shell code that the kernel runs from now on. */
  becomes(script: string): void {
    this.#put(`#!/bin/sh\n${script}\n`);
  }

  /** Puts the true agent back. */
  restore(): void {
    this.#put(this.#text);
  }

  #put(text: string): void {
    Deno.writeTextFileSync(`${this.ns.agent}.new`, text, { mode: 0o755 });
    Deno.renameSync(`${this.ns.agent}.new`, this.ns.agent);
  }
}
