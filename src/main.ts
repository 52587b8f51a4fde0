import { main } from "./cli.ts";

Deno.exit(await main(Deno.args));
