import { main } from "./commands/dispatch.ts";

Deno.exit(await main(Deno.args));
