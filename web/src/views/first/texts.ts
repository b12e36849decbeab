// Every word of the first steps, ready for translation.
export const words = {
  title: "First steps",
  about: "Nothing has been posted here yet. Three steps, and the first draft waits for your verdict.",
  steps: {
    key: "Make a key for your agent",
    draft: "Post a draft, as your agent would",
    verdict: "Decide on it",
  },
  keyName: "first agent",
  makeKey: "Make the key",
  keyMade: "Your agent's key.",
  message: "What a customer wrote",
  answer: "What your agent would answer",
  sample: {
    message: "How do I add a colleague to our account?",
    answer: "Open Settings, then People, and choose Invite. Your colleague gets a mail with a link.",
  },
  post: "Post it",
  posting: "Posting…",
  program: "The same from a program:",
  outcome: {
    held: "It waits for a verdict. You made its agent's key, so that you can reject it (R) but not let it out alone: invite a colleague, who approves it with A, or set `self_approval` in the policy.",
    released: "The policy let it out: it is on record, and nothing waits.",
    with_human: "The policy gave it to a person: open it and write the answer.",
  } as Record<string, string>,
  open: "Open the review",
  unreachable: "the service did not answer",
  failed: (why: string) => `It was not taken: ${why}`,
};
