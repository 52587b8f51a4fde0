import { main } from "./commands/dispatch.ts";
import { outliveFileLimit } from "./namespace/caller_limits.ts";

outliveFileLimit();
Deno.exit(await main(Deno.args));
