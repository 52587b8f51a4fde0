/** The commands that a batch refuses: they need the terminal or root, or print other than JSON. */
export const REFUSED: readonly string[] = ["init", "top", "batch", "logs"];
