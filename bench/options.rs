//! The options every bench takes. It must not know any bench by name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

/// What stood behind the bench's name on the command line.
#[derive(Debug, Default)]
pub struct Options {
    /// Files to measure on (`--data FILE`, repeatable); empty means the bench's own default sets.
    pub data: Vec<PathBuf>,
    /// End with one line of figures as JSON.
    pub json: bool,
    named: BTreeMap<String, String>,
}

impl Options {
    /// Reads `--data FILE`, `--json` and any further `--name value`.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let Some(name) = argument.strip_prefix("--") else {
                return Err(format!("unexpected `{argument}`"));
            };
            if name == "json" {
                options.json = true;
                continue;
            }
            let value = arguments
                .next()
                .ok_or(format!("`--{name}` needs a value"))?;
            if name == "data" {
                options.data.push(PathBuf::from(value));
            } else {
                options.named.insert(name.to_owned(), value);
            }
        }
        Ok(options)
    }

    /// The value of `--name`, or `default` where it was not given.
    pub fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        match self.named.get(name) {
            None => Ok(default),
            Some(value) => value
                .parse()
                .map_err(|_| format!("`--{name} {value}` is not a number")),
        }
    }

    /// The text of `--name`, where it was given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.named.get(name).map(String::as_str)
    }
}
