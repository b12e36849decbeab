//! Laws of the audit log.

use countersign_policy::canonical::canonical;
use countersign_policy::log::{Actor, ActorKind, AuditEntry, ENTRY_FORM, Event, Fact};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

/// The largest whole number that every reader of JSON has exactly.
const INTEGER_MAX: u64 = 1 << 53;

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        (0..=INTEGER_MAX).prop_map(Fact::Integer),
        any::<bool>().prop_map(Fact::Truth),
        any::<String>().prop_map(Fact::Name),
        vec(any::<String>(), 0..4).prop_map(Fact::Names),
    ]
}

prop_compose! {
    fn entry()(
        about in option::of(any::<String>()),
        id in any::<String>(),
        at_ms in 0..=INTEGER_MAX,
        facts in btree_map("[a-z0-9_.A-Z\u{20}\"\\\\\n]{0,12}", fact(), 0..8),
        seq in 0..=INTEGER_MAX,
        tenant in any::<String>(),
    ) -> AuditEntry {
        let actor = Actor { id, kind: ActorKind::Agent };
        AuditEntry { about, actor, at_ms, event: Event::DraftRouted, facts, seq, tenant, v: ENTRY_FORM }
    }
}

proptest! {
    #[test]
    fn the_plain_form_of_an_entry_is_the_canonical_one(entry in entry()) {
        prop_assert_eq!(entry.canonical(), canonical(&entry));
    }
}
