//! The English words that an edit is read by, in closed classes. It must hold words only: what a
//! class means for an edit is decided elsewhere.

/// A closed class of words or of pairs of words (`left-right`), in lower case: one text, each entry
/// apart from the next by a space, sorted, so that it is searched by halves. (A list of texts would be
/// two numbers more for each word, in what a browser waits for.)
pub(super) struct Lexicon(&'static str);

impl Lexicon {
    /// Whether `word`, in lower case, is in the class.
    pub(super) fn has(&self, word: &str) -> bool {
        self.at_or_after(word.bytes()) == word
    }

    /// What stands to the right of `left`, where the entries are pairs.
    pub(super) fn right_of(&self, left: &str) -> Option<&'static str> {
        let entry = self.at_or_after(left.bytes().chain([b'-']));
        entry.strip_prefix(left)?.strip_prefix('-')
    }

    /// Whether the entries are pairs and this is one.
    fn has_pair(&self, left: &str, right: &str) -> bool {
        let entry = self.at_or_after(left.bytes().chain([b'-']).chain(right.bytes()));
        entry.split_once('-') == Some((left, right))
    }

    /// The first entry that is not before `key`; empty where there is none.
    fn at_or_after(&self, key: impl Iterator<Item = u8> + Clone) -> &'static str {
        let mut rest = self.0;
        let mut found = "";
        while !rest.is_empty() {
            let (before, entry, after) = halves(rest);
            if entry.bytes().lt(key.clone()) {
                rest = after;
            } else {
                rest = before;
                found = entry;
            }
        }
        found
    }
}

/// The entry in the middle of a list, with what is before and after it. Each word of an edit is looked
/// up at every key that is typed: bytes are compared, for a space is one in every text.
fn halves(list: &'static str) -> (&'static str, &'static str, &'static str) {
    let bytes = list.as_bytes();
    let half = bytes.len() / 2;
    let space = |byte: &u8| *byte == b' ';
    let ends = bytes.iter().take(half).rposition(space);
    let begins = bytes.iter().skip(half).position(space);
    let end = begins.map_or(bytes.len(), |at| half.saturating_add(at));
    let start = ends.map_or(0, |at| at.saturating_add(1));
    let before = ends.and_then(|at| list.get(..at)).unwrap_or_default();
    let entry = list.get(start..end).unwrap_or_default();
    let after = list.get(end.saturating_add(1)..).unwrap_or_default();
    (before, entry, after)
}

/// What turns a statement around.
pub(super) const NEGATION: Lexicon = Lexicon(
    "\
    ain't aren't barely can't cannot couldn't denied denies deny didn't doesn't don't except \
    fail failed failing fails hadn't hardly hasn't haven't isn't lack lacked lacking lacks \
    mustn't needn't neither never no nobody non none nor not nothing nowhere prevent prevented \
    prevents refuse refused refuses shouldn't unable unless wasn't weren't without won't \
    wouldn't\
",
);

/// The words among those of negation that by themselves turn a statement around.
pub(super) const DENIAL: Lexicon = Lexicon(
    "\
    ain't aren't can't cannot couldn't didn't doesn't don't hadn't hasn't haven't isn't mustn't \
    needn't neither never no nobody non none nor not nothing nowhere shouldn't unable wasn't \
    weren't without won't wouldn't\
",
);

/// What may, must, can or might be.
pub(super) const MODALITY: Lexicon = Lexicon(
    "\
    able allegedly always apparently appear appeared appears can certainly could definitely \
    expect expected expects generally likely mandatory may maybe might must necessarily need \
    needs never often optional ought perhaps possible possibly potential potentially presumably \
    probably rarely reportedly require required requires seem seemed seems seldom shall should \
    sometimes supposed surely typically unlikely usually will would\
",
);

/// What binds or is sure.
pub(super) const FIRM: Lexicon = Lexicon(
    "\
    guarantee guaranteed guarantees must promise promised promises shall will\
",
);

/// What is only possible, allowed or advised.
pub(super) const LOOSE: Lexicon = Lexicon(
    "\
    can could expect expected expects hope hopes may might should\
",
);

/// Words that say the same to somebody who is written to, in either order.
const SAME: Lexicon = Lexicon(
    "\
    a-an about-approximately about-roughly allow-permit allowed-permitted allows-permits \
    amend-change amended-changed amending-changing amendment-change amendments-changes \
    amends-changes answer-reply answer-respond answer-response answered-replied answered-responded \
    answering-replying anybody-anyone approximately-around approximately-roughly arrange-organise \
    arrange-organize arranged-organised arranged-organized assist-help assistance-help \
    assisted-helped assisting-helping assists-helps began-started begin-commence begin-start \
    begins-commences begins-starts begun-started bought-purchased buy-purchase buying-purchasing \
    buys-purchases call-phone call-ring called-phoned called-rang calling-phoning calling-ringing \
    charge-fee charges-fees choose-pick choose-select choosing-selecting chose-picked chose-selected \
    commence-start commenced-started commences-starts commencing-starting defect-fault \
    defects-faults delighted-happy delighted-pleased dispatch-ship dispatched-shipped \
    dispatches-ships dispatching-shipping displayed-shown email-mail emailed-mailed emails-mails \
    enough-sufficient entire-whole error-mistake errors-mistakes everybody-everyone find-locate \
    finding-locating fix-resolve fix-solve fixed-resolved fixed-solved fixes-resolves \
    fixing-resolving fixing-solving found-located glad-happy glad-pleased got-received happy-pleased \
    inform-notify informed-notified informing-notifying informs-notifies issue-problem \
    issues-problems journey-trip lorry-truck need-require needs-requires nobody-noone package-parcel \
    packages-parcels phone-ring phone-telephone pick-select picked-selected replied-responded \
    replies-responses reply-respond reply-response resolve-solve resolved-solved resolving-solving \
    shortly-soon somebody-someone use-utilise use-utilize used-utilised used-utilized \
    using-utilising\
",
);

/// Words that may come or go and leave said what is said.
pub(super) const FILLER: Lexicon = Lexicon(
    "\
    absolutely actually already also apologies dear hello hey hi indeed just kindly now please quite really \
    simply sorry thank thanks to too truly unfortunately very you\
",
);

/// What leaves open whether something is so.
pub(super) const HEDGE: Lexicon = Lexicon(
    "\
    could may maybe might perhaps possibly presumably probably\
",
);

/// What tells when, where, how or for whom something holds.
pub(super) const CONDITION: Lexicon = Lexicon(
    "after at before by during for from if in on once through until via when where while with within",
);

/// What bounds a number or a day from below.
pub(super) const UPWARD: Lexicon = Lexicon("above after beyond from over past since");

/// What bounds one from above.
pub(super) const DOWNWARD: Lexicon = Lexicon("before below beneath by till under until within");

/// What stands before a person's name, and before a full stop that ends no sentence.
pub(super) const TITLE: Lexicon = Lexicon("dr fr herr mme mr mrs ms prof rev señor sr sra st");

/// How many, how much, to what degree.
pub(super) const QUANTITY: Lexicon = Lexicon(
    "\
    about above all almost any approximately around at below both completely double down each \
    eight either enough entire entirely every exactly few fewer first five four fully half just \
    least less majority many minority more most much multiple nearly nine none numerous once one \
    only over partial partially roughly second seven several single six some ten third three \
    triple twice two under up various whole\
",
);

/// What binds the one who says it.
pub(super) const PROMISE: Lexicon = Lexicon(
    "\
    approve approved assure assured cancel canceled cancellation cancelled commit commits \
    committed compensate compensated compensation complimentary credit credited deliver \
    delivered discount discounted eligible ensure ensures entitled free guarantee guaranteed \
    guaranteeing guarantees immediately offer offered offers promise promised promises refund \
    refunded refunding refunds reimburse reimbursed reimbursement replace replaced replacement \
    today tomorrow waive waived warranty will within\
",
);

/// Courtesy, warmth, emphasis.
pub(super) const TONE: Lexicon = Lexicon(
    "\
    absolutely actually again apologies apologise apologize apology appreciate appreciated \
    basically best certainly cheers dear deeply delighted extremely frustration glad grateful \
    great happy hello hey hi hope inconvenience indeed kindly literally lovely nice please quite \
    really regards regret simply sincerely so sorry thank thanks totally truly understand \
    unfortunately very welcome wonderful\
",
);

/// What ties sentences together.
pub(super) const CONNECTIVE: Lexicon = Lexicon(
    "\
    accordingly additionally also although and because besides but consequently even finally \
    first firstly further furthermore hence however instead lastly likewise meanwhile moreover \
    nevertheless nonetheless or otherwise overall second secondly similarly since so still such \
    then therefore though thus whereas while yet\
",
);

/// Prepositions and other words of place, time and relation.
pub(super) const RELATION: Lexicon = Lexicon(
    "\
    about above across after against along among around as at before behind below beneath beside \
    besides between beyond by despite down during for from in inside into like near of off on \
    onto out outside over past per since through throughout till to toward towards under until \
    up upon via with within without\
",
);

/// Words of time order, which swap one fact for another.
pub(super) const TIMING: Lexicon = Lexicon(
    "\
    after ago before by currently during earlier early following formerly last late later next \
    now previously prior recently since soon then until within\
",
);

/// What opens a clause of its own.
pub(super) const CLAUSE: Lexicon = Lexicon(
    "\
    although as because e.g especially for i.e if including like namely particularly since so \
    such that though unless when where whereas which while who whom whose\
",
);

/// Words that point at something named elsewhere.
pub(super) const PRONOUN: Lexicon = Lexicon(
    "\
    he her hers herself him himself his i it its itself me mine my myself one ones our ours \
    ourselves she that their theirs them themselves these they this those us we which who you \
    your yours\
",
);

/// Whom a text speaks to.
pub(super) const SPOKEN_TO: Lexicon = Lexicon("you you'd you'll you're you've your yours yourself");

/// Who speaks.
pub(super) const SPEAKERS: Lexicon = Lexicon(
    "\
    i i'd i'll i'm i've me my our ours us we we'd we'll we're we've\
",
);

/// Words that hold a sentence together and carry little meaning of their own.
pub(super) const FUNCTION: Lexicon = Lexicon(
    "\
    a about above across after again against all along also although am among an and another any \
    are around as at be because been before being below between both but by can could d did do \
    does doing down during each either etc every few for from further had has have having he \
    hence her here him his how however i if in into is it its just less ll m many may me might \
    more most much must my n't no nor not of off on once only onto or other our out over own per \
    re s same shall she should since so some such t than that the their them then there \
    therefore these they this those though through thus to too under unless until up upon us ve \
    very via was we were what when where whereas which while who whom whose why will with within \
    without would yet you your\
",
);

/// Months, weekdays, days by name.
pub(super) const MONTH_OR_DAY: Lexicon = Lexicon(
    "\
    apr april aug august dec december feb february fri friday jan january jul july jun june mar \
    march may midnight mon monday noon nov november oct october sat saturday sep sept september \
    sun sunday thu thur thurs thursday today tomorrow tonight tue tues tuesday wed wednesday \
    yesterday\
",
);

/// Units of time.
pub(super) const TIME_UNIT: Lexicon = Lexicon(
    "\
    am business centuries century day days decade decades hour hours minute minutes month months \
    o'clock pm quarter quarters second seconds week weeks working year years\
",
);

/// Numbers in letters.
pub(super) const NUMBER_WORD: Lexicon = Lexicon(
    "\
    billion billions dozen dozens eight eighteen eighty eleven fifteen fifty five forty four \
    fourteen half hundred hundreds million millions nine nineteen ninety one quarter seven \
    seventeen seventy six sixteen sixty ten third thirteen thirty thousand thousands three \
    trillion trillions twelve twenty two zero\
",
);

/// What numbers in letters are worth.
const IN_DIGITS: Lexicon = Lexicon(
    "\
    eight-8 eighteen-18 eighty-80 eleven-11 fifteen-15 fifty-50 five-5 forty-40 four-4 \
    fourteen-14 nine-9 nineteen-19 ninety-90 one-1 seven-7 seventeen-17 seventy-70 six-6 \
    sixteen-16 sixty-60 ten-10 thirteen-13 thirty-30 three-3 twelve-12 twenty-20 two-2 zero-0\
",
);

/// A number in letters, in digits.
pub(super) fn in_digits(fold: &str) -> Option<&'static str> {
    IN_DIGITS.right_of(fold)
}

/// Words that multiply a number, with by how much.
pub(super) const MULTIPLE: Lexicon = Lexicon(
    "\
    billion-1000000000 bn-1000000000 dozen-12 hundred-100 k-1000 million-1000000 mio-1000000 \
    mn-1000000 thousand-1000 trillion-1000000000000\
",
);

/// Units of what is counted, with how many of the smallest one of their sort; a currency in capitals. Dollars
/// and the sign of yen and yuan are of more than one country.
pub(super) const UNIT: Lexicon = Lexicon(
    "\
    $-1D %-1% chf-1CHF cm-10mm day-86400s days-86400s dollar-1D dollars-1D eur-1EUR \
    euro-1EUR euros-1EUR g-1000mg gb-1000000kb gbp-1GBP gigabyte-1000000kb gigabytes-1000000kb \
    gram-1000mg grams-1000mg h-3600s hour-3600s hours-3600s hr-3600s hrs-3600s inr-1INR jpy-1JPY \
    kb-1kb kg-1000000mg kilo-1000000mg kilobyte-1kb kilobytes-1kb kilogram-1000000mg \
    kilograms-1000000mg kilometer-1000000mm kilometers-1000000mm kilometre-1000000mm \
    kilometres-1000000mm kilos-1000000mg km-1000000mm l-1000ml liter-1000ml liters-1000ml \
    litre-1000ml litres-1000ml m-1000mm mb-1000kb megabyte-1000kb megabytes-1000kb meter-1000mm \
    meters-1000mm metre-1000mm metres-1000mm mg-1mg min-60s mins-60s minute-60s minutes-60s ml-1ml \
    mm-1mm month-1o months-1o percent-1% pound-1GBP pounds-1GBP prozent-1% rupee-1INR rupees-1INR \
    sec-1s second-1s seconds-1s secs-1s tb-1000000000kb terabyte-1000000000kb \
    terabytes-1000000000kb usd-1USD week-604800s weeks-604800s year-12o years-12o yen-1JPY £-1GBP \
    ¥-1Y €-1EUR ₹-1INR\
",
);

/// Months, also in other languages, with their numbers.
pub(super) const MONTH: Lexicon = Lexicon(
    "\
    abril-4 agosto-8 août-8 apr-4 april-4 aprile-4 aug-8 august-8 augustus-8 avril-4 dec-12 \
    december-12 dezember-12 dezembro-12 dicembre-12 diciembre-12 décembre-12 enero-1 feb-2 \
    febbraio-2 febrero-2 februar-2 februari-2 february-2 fevereiro-2 février-2 gennaio-1 giugno-6 \
    jan-1 janeiro-1 januar-1 januari-1 january-1 janvier-1 juillet-7 juin-6 jul-7 julho-7 juli-7 \
    julio-7 july-7 jun-6 june-6 junho-6 juni-6 junio-6 luglio-7 maart-3 maggio-5 mai-5 maio-5 \
    mar-3 march-3 mars-3 marzo-3 março-3 may-5 mayo-5 mei-5 märz-3 nov-11 november-11 novembre-11 \
    novembro-11 noviembre-11 oct-10 october-10 octobre-10 octubre-10 oktober-10 ottobre-10 \
    outubro-10 sep-9 sept-9 september-9 septembre-9 septiembre-9 setembro-9 settembre-9\
",
);

/// Pairs of opposites, each pair and the list in alphabetical order.
const OPPOSITES: Lexicon = Lexicon(
    "\
    ab-bis able-unable above-below absence-presence absent-present accept-decline accept-refuse \
    accept-reject accepted-declined accepted-refused accepted-rejected accepts-rejects \
    active-inactive add-remove added-removed advantage-disadvantage advantages-disadvantages \
    after-before against-for agree-disagree agreed-disagreed alive-dead all-most all-none \
    all-some allow-forbid allow-prevent allow-require allowed-forbidden allowed-required \
    allows-requires always-never always-sometimes ancient-modern and-or approve-deny \
    approved-declined approved-denied approved-refused approved-rejected arrival-departure \
    arrive-depart arrived-left attack-defend attract-repel attracts-repels automatic-manual \
    back-front bad-good begin-end benefit-harm benefits-drawbacks best-worst better-worse \
    big-small borrow-lend bottom-top bought-sold boy-girl brother-sister buy-sell buyer-seller \
    cause-prevent cheap-expensive close-open closed-open closed-opened closes-opens cold-hot \
    common-rare complex-simple confirm-deny confirmed-denied cons-pros contract-expand cool-warm \
    create-destroy credit-debit criticize-praise criticized-praised dangerous-safe dark-light \
    daughter-son day-night decline-growth declined-grew decrease-increase decreased-increased \
    decreases-increases decreasing-increasing deep-shallow deposit-withdraw deposited-withdrew \
    die-live different-same different-similar difficult-easy direct-indirect disable-enable \
    disabled-enabled discourage-encourage discouraged-encouraged down-up dropped-grew \
    dropped-rose earlier-later earliest-latest early-late earn-spend east-west eastern-western \
    easy-hard empty-full end-start ended-started ends-starts enemies-friends enemy-friend \
    enter-exit evening-morning every-most every-some everyone-nobody everything-nothing \
    exclude-include excluded-included excludes-includes excluding-including existing-novel \
    expand-shrink export-import external-internal fail-pass fail-succeed failed-passed \
    failure-success fall-grow fall-rise falling-rising false-true fast-slow faster-slower \
    father-mother fell-rose female-male few-many fewer-more fire-hire first-last forget-remember \
    found-lost free-paid future-past gain-loss gains-losses granted-refused grow-shrink \
    guilty-innocent hate-love he-she heavy-light her-him her-his hers-his herself-himself \
    hidden-visible high-low higher-lower if-unless impossible-possible improve-worsen \
    improved-worsened in-out inbound-outbound incoming-outgoing increase-reduce \
    increased-reduced increases-reduces increasing-reducing inside-outside \
    insignificant-significant join-leave known-unknown large-small larger-smaller later-sooner \
    least-most left-right less-more likely-unlikely lock-unlock login-logout long-short \
    longer-shorter lose-win loser-winner loss-profit lost-won lower-raise lower-upper \
    lowered-raised major-minor majority-minority man-woman mandatory-optional maximum-minimum \
    men-women mr-mrs mr-ms narrow-wide narrow-widen negative-positive new-old newer-older \
    next-previous no-yes nonrefundable-refundable north-south northern-southern off-on \
    offline-online often-rarely old-young older-younger once-twice open-shut oppose-support \
    opposed-supported optimistic-pessimistic optimistic-skeptical optional-required over-under \
    peace-war permanent-temporary poor-rich private-public receive-send received-sent \
    recipient-sender right-wrong short-tall strong-weak stronger-weaker successful-unsuccessful \
    summer-winter supervised-unsupervised thick-thin true-untrue with-without\
",
);

/// Prefixes that turn a word into its opposite.
const REVERSING: [&str; 10] = [
    "un", "in", "im", "il", "ir", "dis", "non", "mis", "anti", "de",
];

/// Whether two words say the same, or are one in British and in American spelling.
pub(super) fn say_the_same(a: &str, b: &str) -> bool {
    SAME.has_pair(a.min(b), a.max(b)) || (a.len().min(b.len()) >= 6 && respelt(a) == respelt(b))
}

/// A word of British spelling in American: `colour`, `centre`, `cancelled`, `licence`, `organise`.
fn respelt(fold: &str) -> String {
    const RESPELT: [(&str, &str); 4] = [("our", "or"), ("ell", "el"), ("ence", "ense"), ("z", "s")];
    let word = fold.strip_suffix("tre").map(|rest| format!("{rest}ter"));
    RESPELT.iter().fold(
        word.unwrap_or_else(|| fold.to_owned()),
        |word, (british, american)| word.replace(british, american),
    )
}

/// Whether two words, in lower case, are opposites: listed ones, or a word and the same with a
/// reversing prefix.
pub(super) fn are_opposite(a: &str, b: &str) -> bool {
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let (base, other) = (base_of(a), base_of(b));
    OPPOSITES.has_pair(first, second)
        || OPPOSITES.has_pair(base.min(other), base.max(other))
        || (short.len() > 3
            && long
                .strip_suffix(short)
                .is_some_and(|prefix| REVERSING.contains(&prefix)))
        || swaps_ending(short, long)
}

/// `careful` and `careless`.
fn swaps_ending(a: &str, b: &str) -> bool {
    match (a.strip_suffix("ful"), b.strip_suffix("less")) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// Words that are inflected otherwise than by an ending, with their base, in alphabetical order.
const IRREGULAR: Lexicon = Lexicon(
    "\
    am-be analyses-analysis are-be ate-eat became-become been-be began-begin begun-begin \
    best-good better-good bought-buy broke-break broken-break brought-bring built-build \
    came-come caught-catch children-child chose-choose chosen-choose criteria-criterion \
    data-datum dealt-deal did-do does-do done-do drawn-draw drew-draw driven-drive drove-drive \
    eaten-eat fallen-fall feet-foot fell-fall felt-feel flew-fly flown-fly forgot-forget \
    forgotten-forget fought-fight found-find gave-give given-give gone-go got-get gotten-get \
    grew-grow grown-grow had-have has-have heard-hear held-hold hid-hide hidden-hide is-be \
    kept-keep knew-know known-know laid-lay lain-lie lay-lie led-lead left-leave lent-lend \
    lives-life lost-lose made-make meant-mean men-man met-meet mice-mouse paid-pay people-person \
    phenomena-phenomenon put-put ran-run ridden-ride risen-rise rode-ride rose-rise said-say \
    sang-sing saw-see seen-see sent-send set-set shot-shoot shown-show slept-sleep sold-sell \
    sought-seek spent-spend spoke-speak spoken-speak stood-stand struck-strike sung-sing \
    swam-swim taken-take taught-teach teeth-tooth thought-think threw-throw thrown-throw \
    told-tell took-take understood-understand was-be went-go were-be wives-wife woke-wake \
    woken-wake women-woman won-win wore-wear worn-wear worse-bad worst-bad written-write \
    wrote-write\
",
);

/// The base of a word, in lower case, that is inflected otherwise than by an ending; else itself.
pub(super) fn base_of(fold: &str) -> &str {
    IRREGULAR.right_of(fold).unwrap_or(fold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        for list in [
            NEGATION,
            MODALITY,
            QUANTITY,
            PROMISE,
            TONE,
            CONNECTIVE,
            RELATION,
            TIMING,
            CLAUSE,
            PRONOUN,
            SPOKEN_TO,
            SPEAKERS,
            FUNCTION,
            MONTH_OR_DAY,
            TIME_UNIT,
            NUMBER_WORD,
            IN_DIGITS,
            MULTIPLE,
            UNIT,
            MONTH,
            OPPOSITES,
            IRREGULAR,
            FIRM,
            FILLER,
            HEDGE,
            LOOSE,
            UPWARD,
            DOWNWARD,
            TITLE,
            CONDITION,
        ] {
            let words: Vec<&str> = list.0.split(' ').collect();
            assert!(words.is_sorted_by(|one, next| one < next), "{words:?}");
            assert!(words.iter().all(|word| list.has(word)), "{words:?}");
            assert!(!list.has("") && !list.has("nor not") && !list.has("zzz"));
        }
        for pairs in [OPPOSITES, SAME] {
            assert!(pairs.0.split(' ').is_sorted());
            assert!(pairs.0.split(' ').all(|pair| {
                let (one, other) = pair.split_once('-').unwrap();
                one < other && pairs.has_pair(one, other)
            }));
        }
        assert_eq!(base_of("went"), "go");
        assert_eq!(base_of("wen"), "wen");
    }

    #[test]
    fn opposites() {
        assert!(are_opposite("increase", "decrease"));
        assert!(are_opposite("unsuitable", "suitable"));
        assert!(are_opposite("careful", "careless"));
        assert!(!are_opposite("reports", "announces"));
    }
}
