/** The keys of `top` and what they do, for its help on the command line and on the screen. */
export const KEYS: readonly (readonly [string, string])[] = [
  ["arrows, j, k", "select; also page up, page down, home (g), end (G)"],
  ["/", "filter by name or command; Escape: all"],
  ["n, c, m, a", "sort by name, CPU, memory, age; again: the reverse"],
  ["s", "stop the task: TERM, after 30 seconds KILL; asks first"],
  ["K", "kill its whole tree at once; asks first"],
  ["p", "pause it, or let it go on"],
  ["l, enter", "its full log, in less"],
  ["ctrl-l", "draw anew"],
  ["ctrl-z", "suspend"],
  ["?", "this help"],
  ["q, ctrl-c", "leave"],
];
