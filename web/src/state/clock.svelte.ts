// The page's one clock: a second that everything that counts down reads. Must not decide anything:
// deadlines and undo windows end at the service.
class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => (this.now = Date.now()), 1000);
  }
}

export const clock = new Clock();
