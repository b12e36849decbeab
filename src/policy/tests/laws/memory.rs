//! Laws of memory: queries that cannot be broken out of.

use countersign_policy::memory::{TERMS_MAX, match_expression};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_match_expression_is_quoted_words_joined_by_or(text in any::<String>()) {
        if let Some(expression) = match_expression(&text) {
            let terms: Vec<&str> = expression.split(" OR ").collect();
            prop_assert!(terms.len() <= TERMS_MAX);
            for term in terms {
                let inner = term.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                let inner = inner.ok_or(TestCaseError::fail(format!("unquoted {term}")))?;
                prop_assert!(!inner.is_empty());
                prop_assert!(inner.chars().all(char::is_alphanumeric), "{}", inner);
            }
        }
    }
}
