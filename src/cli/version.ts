/** The version of lanĉo, as `lanco -v` prints it. */
export const VERSION = "2.0.0";
