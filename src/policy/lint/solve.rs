//! Can these formulas hold together? A complete search over finite domains: every variable has a
//! set of values it may still take, every atom narrows one variable. It must not know what a
//! variable stands for, and says when it gave up instead of guessing.

/// Atoms looked at for one question: about 20 ms natively. A question that needs more is hard for
/// a person, too.
pub(super) const QUESTION_WORK_MAX: u64 = 1_000_000;
/// Atoms looked at for a whole policy: a lead who types waits for no more than a second or two.
pub(super) const POLICY_WORK_MAX: u64 = 40_000_000;
/// Ways to hold that are offered before the search says that none was taken.
const LEAVES_MAX: u32 = 24;

/// A variable, by its place.
pub(super) type Var = usize;

/// Values of one variable, one bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set {
    words: Vec<u64>,
    count: usize,
}

/// What must hold. `All` of nothing is true, `Any` of nothing is false.
#[derive(Clone, Debug)]
pub(super) enum Formula {
    /// The variable has one of these values.
    Is(Var, Set),
    /// Each of these holds.
    All(Vec<Formula>),
    /// One of these holds.
    Any(Vec<Formula>),
}

/// Where `from` has one of its values, `to` has one of its own.
#[derive(Clone, Debug)]
pub(super) struct Implication {
    pub from: (Var, Set),
    pub to: (Var, Set),
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer<T> {
    /// It can hold, and this was accepted as the proof.
    Found(T),
    /// Nothing makes it hold.
    Impossible,
    /// It can hold as far as the domains say, but nothing was accepted as the proof.
    Open,
    /// The bound was reached.
    TooMuch,
}

/// The domains, and what is left of the policy's bound.
pub(super) struct Solver {
    full: Vec<Set>,
    implications: Vec<Implication>,
    /// Implications that read a variable.
    touching: Vec<Vec<usize>>,
    left: u64,
}

impl Set {
    /// One value for each answer; it is in the set where the answer is true.
    pub fn collect(answers: impl IntoIterator<Item = bool>) -> Self {
        let (mut words, mut count) = (Vec::new(), 0_usize);
        for answer in answers {
            if count.is_multiple_of(64) {
                words.push(0_u64);
            }
            if let Some(word) = words.last_mut() {
                *word |= u64::from(answer) << (count % 64);
            }
            count = count.saturating_add(1);
        }
        Self { words, count }
    }

    /// Every value of `count`.
    pub fn full(count: usize) -> Self {
        Self::collect(std::iter::repeat_n(true, count))
    }

    /// The values that are not in it.
    pub fn complement(&self) -> Self {
        let full = Self::full(self.count);
        let pairs = full.words.iter().zip(&self.words);
        let words = pairs.map(|(all, own)| all & !own).collect();
        Self {
            words,
            count: self.count,
        }
    }

    fn meet(&self, other: &Self) -> Self {
        let pairs = self.words.iter().zip(&other.words);
        Self {
            words: pairs.map(|(a, b)| a & b).collect(),
            count: self.count,
        }
    }

    /// Whether no value is left.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    fn within(&self, other: &Self) -> bool {
        let mut pairs = self.words.iter().zip(&other.words);
        pairs.all(|(own, other)| own & !other == 0)
    }

    fn apart(&self, other: &Self) -> bool {
        let mut pairs = self.words.iter().zip(&other.words);
        pairs.all(|(own, other)| own & other == 0)
    }

    /// The first value in it.
    pub fn first(&self) -> Option<usize> {
        let (at, word) = self
            .words
            .iter()
            .enumerate()
            .find(|(_, word)| **word != 0)?;
        let bit = usize::try_from(word.trailing_zeros()).ok()?;
        at.checked_mul(64)?.checked_add(bit)
    }
}

impl Formula {
    /// Holds exactly where this one does not.
    pub fn negated(&self) -> Self {
        match self {
            Self::Is(var, set) => Self::Is(*var, set.complement()),
            Self::All(list) => Self::Any(list.iter().map(Self::negated).collect()),
            Self::Any(list) => Self::All(list.iter().map(Self::negated).collect()),
        }
    }
}

impl Solver {
    pub fn new(sizes: impl IntoIterator<Item = usize>, implications: Vec<Implication>) -> Self {
        let full: Vec<Set> = sizes.into_iter().map(Set::full).collect();
        let mut touching = vec![Vec::new(); full.len()];
        for (index, implication) in implications.iter().enumerate() {
            for var in [implication.from.0, implication.to.0] {
                if let Some(list) = touching.get_mut(var) {
                    list.push(index);
                }
            }
        }
        Self {
            full,
            implications,
            touching,
            left: POLICY_WORK_MAX,
        }
    }

    /// Whether the policy's bound is used up.
    pub fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Looks for values under which all goals hold. `accept` is offered the values that each
    /// variable may still take: the goals hold whichever are chosen, where an implication's `from`
    /// is avoided when it can be.
    pub fn solve<T>(
        &mut self,
        goals: &[&Formula],
        accept: &mut dyn FnMut(&[Set]) -> Option<T>,
    ) -> Answer<T> {
        let bound = self.left.min(QUESTION_WORK_MAX);
        let mut search = Search {
            solver: self,
            domains: self.full.clone(),
            trail: Vec::new(),
            active: Vec::new(),
            left: bound,
        };
        let answer = search.run(goals, accept);
        let used = bound.saturating_sub(search.left);
        self.left = self.left.saturating_sub(used.max(1));
        answer
    }
}

/// One question under way.
struct Search<'a> {
    solver: &'a Solver,
    domains: Vec<Set>,
    /// What a variable was before it was narrowed.
    trail: Vec<(Var, Set)>,
    /// Disjunctions that must hold, and whether one of their branches was chosen.
    active: Vec<(&'a [Formula], bool)>,
    left: u64,
}

/// A disjunction whose branches are tried in turn.
struct Choice {
    index: usize,
    next: usize,
    trail: usize,
    active: usize,
}

enum Pick {
    /// Every disjunction holds.
    Leaf,
    /// One can't.
    Conflict,
    /// The one with the fewest branches left.
    Branch(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Holds,
    Fails,
    Undecided,
}

impl<'a> Search<'a> {
    fn run<T>(
        &mut self,
        goals: &[&'a Formula],
        accept: &mut dyn FnMut(&[Set]) -> Option<T>,
    ) -> Answer<T> {
        if !goals.iter().all(|goal| self.assert(goal)) {
            return Answer::Impossible;
        }
        let mut choices: Vec<Choice> = Vec::new();
        let mut leaves = 0_u32;
        loop {
            match self.pick() {
                _ if self.left == 0 => return Answer::TooMuch,
                Pick::Conflict => {}
                Pick::Leaf => {
                    if let Some(proof) = accept(&self.domains) {
                        return Answer::Found(proof);
                    }
                    leaves = leaves.saturating_add(1);
                    if leaves >= LEAVES_MAX {
                        return Answer::Open;
                    }
                }
                Pick::Branch(index) => {
                    self.choose(index, true);
                    choices.push(Choice {
                        index,
                        next: 0,
                        trail: self.trail.len(),
                        active: self.active.len(),
                    });
                }
            }
            loop {
                let Some(choice) = choices.last_mut() else {
                    return if leaves > 0 {
                        Answer::Open
                    } else {
                        Answer::Impossible
                    };
                };
                if self.advance(choice) {
                    break;
                }
                let index = choice.index;
                self.choose(index, false);
                choices.pop();
            }
        }
    }

    fn choose(&mut self, index: usize, chosen: bool) {
        if let Some((_, flag)) = self.active.get_mut(index) {
            *flag = chosen;
        }
    }

    /// Takes the next branch that can hold; false when there is none.
    fn advance(&mut self, choice: &mut Choice) -> bool {
        loop {
            self.undo(choice.trail, choice.active);
            let Some((branches, _)) = self.active.get(choice.index) else {
                return false;
            };
            let branches: &'a [Formula] = branches;
            // A branch that was tried and is one atom is out for those after it.
            if let Some(Formula::Is(var, set)) =
                choice.next.checked_sub(1).and_then(|at| branches.get(at))
            {
                if !self.narrow(*var, &set.complement()) {
                    return false;
                }
                choice.trail = self.trail.len();
            }
            let Some(branch) = branches.get(choice.next) else {
                return false;
            };
            choice.next = choice.next.saturating_add(1);
            if self.status(branch) != Status::Fails && self.assert(branch) {
                return true;
            }
            if self.left == 0 {
                return true;
            }
        }
    }

    fn undo(&mut self, trail: usize, active: usize) {
        while self.trail.len() > trail {
            if let Some((var, before)) = self.trail.pop()
                && let Some(domain) = self.domains.get_mut(var)
            {
                *domain = before;
            }
        }
        self.active.truncate(active);
    }

    fn assert(&mut self, formula: &'a Formula) -> bool {
        match formula {
            Formula::Is(var, set) => self.narrow(*var, set),
            Formula::All(list) => list.iter().all(|part| self.assert(part)),
            Formula::Any(list) => {
                self.active.push((list, false));
                !list.is_empty()
            }
        }
    }

    /// Narrows a variable and all that follows from it; false when one has no value left.
    fn narrow(&mut self, var: Var, set: &Set) -> bool {
        let mut waiting = vec![(var, set.clone())];
        while let Some((var, set)) = waiting.pop() {
            let Some(domain) = self.domains.get_mut(var) else {
                return false;
            };
            self.left = self.left.saturating_sub(1);
            let narrower = domain.meet(&set);
            if narrower == *domain {
                continue;
            }
            let empty = narrower.is_empty();
            let before = std::mem::replace(domain, narrower);
            self.trail.push((var, before));
            if empty {
                return false;
            }
            let touching = self.solver.touching.get(var).into_iter().flatten();
            for implication in touching.filter_map(|at| self.solver.implications.get(*at)) {
                let ((from, given), (to, then)) = (&implication.from, &implication.to);
                let of = |var: &Var| self.domains.get(*var);
                if of(from).is_some_and(|domain| domain.within(given)) {
                    waiting.push((*to, then.clone()));
                } else if of(to).is_some_and(|domain| domain.apart(then)) {
                    waiting.push((*from, given.complement()));
                }
            }
        }
        true
    }

    fn pick(&mut self) -> Pick {
        let mut best: Option<(usize, usize)> = None;
        for index in 0..self.active.len() {
            let Some((branches, false)) = self.active.get(index) else {
                continue;
            };
            let branches: &'a [Formula] = branches;
            let (mut holds, mut undecided) = (false, 0_usize);
            for branch in branches {
                match self.status(branch) {
                    Status::Holds => {
                        holds = true;
                        break;
                    }
                    Status::Undecided => undecided = undecided.saturating_add(1),
                    Status::Fails => {}
                }
            }
            if holds {
                continue;
            }
            if undecided == 0 {
                return Pick::Conflict;
            }
            if best.is_none_or(|(_, fewest)| undecided < fewest) {
                best = Some((index, undecided));
            }
            if undecided == 1 {
                break;
            }
        }
        best.map_or(Pick::Leaf, |(index, _)| Pick::Branch(index))
    }

    fn status(&mut self, formula: &Formula) -> Status {
        match formula {
            Formula::Is(var, set) => {
                self.left = self.left.saturating_sub(1);
                match self.domains.get(*var) {
                    Some(domain) if domain.within(set) => Status::Holds,
                    Some(domain) if !domain.apart(set) => Status::Undecided,
                    _ => Status::Fails,
                }
            }
            Formula::All(list) => self.join(list, Status::Fails, Status::Holds),
            Formula::Any(list) => self.join(list, Status::Holds, Status::Fails),
        }
    }

    /// The status that decides alone, or the one that all must share, or neither.
    fn join(&mut self, list: &[Formula], alone: Status, shared: Status) -> Status {
        let mut joined = shared;
        for part in list {
            let status = self.status(part);
            if status == alone {
                return alone;
            }
            if status != shared {
                joined = Status::Undecided;
            }
        }
        joined
    }
}
