//! Any text as a message that memory is asked for: SQLite is asked nothing but quoted words, and what is
//! masked holds no address.

#![no_main]

use countersign_policy::memory::{
    Quoted, TERMS_MAX, content_terms, masked, match_expression, prompt,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(expression) = match_expression(text) {
        let terms: Vec<&str> = expression.split(" OR ").collect();
        assert!(terms.len() <= TERMS_MAX, "{expression}");
        for term in terms {
            let word = term.strip_prefix('"').and_then(|term| term.strip_suffix('"'));
            assert!(word.is_some_and(|word| !word.contains('"')), "{expression}");
        }
    }
    let _ = content_terms(text);
    let hidden = masked(text, &[text.get(..8).unwrap_or("Ada")]);
    assert_eq!(masked(&hidden, &[]), hidden, "what is masked stays as it is");
    let quoted = Quoted {
        message: text,
        draft: &hidden,
        corrected: text,
        lesson: Some(text),
    };
    let _ = prompt([quoted].into_iter(), 200);
});
