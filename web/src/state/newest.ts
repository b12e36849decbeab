// Of several questions that are under way at once, only the newest one's answer counts. Must not know
// what is asked.

/** Call the answer when something is asked; what that gives says whether nothing was asked since. */
export function newest(): () => () => boolean {
  let asked = 0;
  return () => {
    const ask = (asked += 1);
    return () => ask === asked;
  };
}
