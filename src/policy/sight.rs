//! What a person may read: everything, or where the tenant wants it only what they serve. It must not
//! say what they may do.

use crate::rota::serves;

/// No text comes after this character.
const LAST: char = char::MAX;

/// What of a tenant's texts a person may read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sight {
    /// All of them.
    #[default]
    All,
    /// Those of these categories; `billing.*` is `billing` and all below it.
    Categories(Vec<String>),
}

impl Sight {
    /// Of a person who serves these categories (none means all). Only where the policy restricts
    /// reading, and only of reviewers: leads and auditors answer for everything.
    pub fn of(restricted: bool, is_reviewer: bool, serves: Vec<String>) -> Self {
        match restricted && is_reviewer && !serves.is_empty() {
            true => Self::Categories(serves),
            false => Self::All,
        }
    }

    /// Whether texts of this category may be read; what has none is for those who read all.
    pub fn covers(&self, category: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Categories(own) => category.is_some_and(|category| serves(own, category)),
        }
    }

    /// The same for a query: the first and the last category of each stretch that may be read, in the
    /// order of their bytes. None where everything may.
    pub fn stretches(&self) -> Option<Vec<[String; 2]>> {
        let Self::Categories(own) = self else {
            return None;
        };
        let stretches = own
            .iter()
            .flat_map(|pattern| match pattern.strip_suffix(".*") {
                None => vec![[pattern.clone(), pattern.clone()]],
                Some(top) => vec![
                    [top.to_owned(), top.to_owned()],
                    [format!("{top}."), format!("{top}.{LAST}")],
                ],
            });
        Some(stretches.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reviewers_of_certain_categories_are_kept_from_others() {
        let own = || vec!["billing.*".to_owned(), "sales".to_owned()];
        let restricted = Sight::of(true, true, own());
        for (category, expected) in [
            (Some("billing"), true),
            (Some("billing.refund"), true),
            (Some("sales"), true),
            (Some("sales.leads"), false),
            (Some("billings"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(restricted.covers(category), expected, "{category:?}");
            let within = |[first, last]: &[String; 2]| {
                category.is_some_and(|category| (first.as_str()..=last).contains(&category))
            };
            let stretches = restricted.stretches().unwrap();
            assert_eq!(stretches.iter().any(within), expected, "{category:?}");
        }
        for sight in [
            Sight::of(false, true, own()),
            Sight::of(true, false, own()),
            Sight::of(true, true, Vec::new()),
        ] {
            assert!(sight.covers(None) && sight.covers(Some("legal")));
            assert_eq!(sight.stretches(), None);
        }
    }
}
