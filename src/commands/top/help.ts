/** The keys of `top` and what they do: for its help on the command line and on the screen. */
export const KEYS: readonly (readonly [string, string])[] = [
  ["arrows, j, k", "select a task; also page up, page down, home (g), end (G)"],
  ["/", "filter by name or command; Escape removes the filter"],
  ["n, c, m, a", "sort by name, CPU, memory, age; again: in reverse order"],
  ["s", "ask, then stop the task, as run was told to have it stopped"],
  ["K", "ask, then kill all its processes at once"],
  ["p", "pause or resume the task"],
  ["l, enter", "view the log in less"],
  ["ctrl-l", "redraw the screen"],
  ["ctrl-z", "suspend top"],
  ["?", "show this help"],
  ["q, ctrl-c", "quit"],
];
