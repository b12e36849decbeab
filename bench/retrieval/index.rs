//! A memory as the service keeps one, natively: FTS5 for words, int8 vectors scanned block by
//! block. It must not rank anything: candidates go to `memory::rank` as the service's do.

use countersign_embed::{Model, Scan, TOKENS_MAX, Vector, Weights};
use countersign_policy::memory::{
    CANDIDATES_MAX, Candidate, FTS_TOKENIZER, ROWS_SCORED_MAX, affordable_expression,
    content_expression, content_terms, match_expression, term_expression,
};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Vectors in one block: 1 MB, half of what one SQLite row may hold.
const BLOCK_VECTORS: usize = 2_700;

/// A line of a data set.
#[derive(Clone, Debug)]
pub struct Row {
    /// Whether it is asked for, and not stored.
    pub is_query: bool,
    /// The message.
    pub text: String,
    /// Its intent, which plays the category.
    pub intent: String,
    /// `no`, `near` or `far`; empty where the set has no such column.
    pub novel: String,
}

/// Reads columns `split`, `text` and `intent`, and `novel` where there is one, in any order; or, from
/// a `.jsonl`, drafts as they are posted, whose category or action plays the intent.
pub fn read(path: &Path) -> Result<Vec<Row>, String> {
    let rows = match path.extension().is_some_and(|end| end == "jsonl") {
        true => read_drafts(path),
        false => read_table(path),
    }
    .map_err(|fault| format!("`{}`: {fault}", path.display()))?;
    match rows.is_empty() {
        true => Err(format!("`{}` has no rows", path.display())),
        false => Ok(rows),
    }
}

fn read_table(path: &Path) -> Result<Vec<Row>, String> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| error.to_string())?;
    let titles = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |wanted: &str| titles.iter().position(|title| title.trim() == wanted);
    let needed = |wanted| column(wanted).ok_or(format!("it has no column `{wanted}`"));
    let (split, text, intent) = (needed("split")?, needed("text")?, needed("intent")?);
    let novel = column("novel");
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|error| error.to_string())?;
        let field = |place: usize| record.get(place).unwrap_or_default().trim().to_owned();
        let is_query = match &*field(split) {
            "query" => true,
            "index" => false,
            other => {
                return Err(format!(
                    "a `split` is `{other}`, neither `index` nor `query`"
                ));
            }
        };
        Ok(Row {
            is_query,
            text: field(text),
            intent: field(intent),
            novel: novel.map(field).unwrap_or_default(),
        })
    };
    reader.records().map(row).collect()
}

fn read_drafts(path: &Path) -> Result<Vec<Row>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let row = |line: &str| {
        let draft: serde_json::Value =
            serde_json::from_str(line).map_err(|error| error.to_string())?;
        let said = |pointer| draft.pointer(pointer).and_then(serde_json::Value::as_str);
        let intent = said("/category").or(said("/draft/action/name"));
        Ok(Row {
            is_query: false,
            text: said("/message")
                .ok_or("a draft has no `message`")?
                .to_owned(),
            intent: intent.unwrap_or("message").to_owned(),
            novel: String::new(),
        })
    };
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(row)
        .collect()
}

/// The converted weights' bytes, where set-up could make them.
pub fn weights() -> Option<Vec<u8>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools");
    let tools = std::env::var_os("COUNTERSIGN_TOOLS").map_or_else(beside, PathBuf::from);
    std::fs::read(tools.join("minilm/minilm-int8.bin")).ok()
}

/// A model over these bytes; says so where they are not weights.
pub fn model(bytes: Option<&[u8]>) -> Result<Option<Model<'_>>, String> {
    let weights = bytes
        .map(Weights::parse)
        .transpose()
        .map_err(|error| error.to_string())?;
    Ok(weights.map(Model::new))
}

/// Which searches a query uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Searches {
    /// Words only: what the service does without weights.
    Words,
    /// Vectors only.
    Vectors,
    /// Both, fused.
    Both,
}

/// Stored messages.
pub struct Index {
    database: Connection,
    ids: Vec<String>,
    categories: Vec<String>,
    blocks: Vec<Vec<u8>>,
}

impl Index {
    /// Stores messages with their vectors, if they have any.
    pub fn new<'a>(
        rows: impl Iterator<Item = (&'a str, &'a str, Option<Vector>)>,
    ) -> Result<Self, String> {
        let database = Connection::open_in_memory().map_err(fault)?;
        let create =
            format!("CREATE VIRTUAL TABLE words USING fts5(text, tokenize = '{FTS_TOKENIZER}')");
        database.execute(&create, []).map_err(fault)?;
        let mut index = Self {
            database,
            ids: Vec::new(),
            categories: Vec::new(),
            blocks: Vec::new(),
        };
        index.database.execute("BEGIN", []).map_err(fault)?;
        for (text, category, vector) in rows {
            index.push(text, category, vector.as_ref())?;
        }
        index.database.execute("COMMIT", []).map_err(fault)?;
        index
            .database
            .execute("INSERT INTO words (words) VALUES ('optimize')", [])
            .map_err(fault)?;
        Ok(index)
    }

    /// Stores one more.
    pub fn push(
        &mut self,
        text: &str,
        category: &str,
        vector: Option<&Vector>,
    ) -> Result<(), String> {
        let place = self.ids.len();
        let sql = "INSERT INTO words (rowid, text) VALUES (?, ?)";
        let mut insert = self.database.prepare_cached(sql).map_err(fault)?;
        insert.execute((place, text)).map_err(fault)?;
        self.ids.push(format!("{place:06}"));
        self.categories.push(category.to_owned());
        if place.is_multiple_of(BLOCK_VECTORS) {
            self.blocks.push(Vec::new());
        }
        if let (Some(block), Some(vector)) = (self.blocks.last_mut(), vector) {
            block.extend(vector.to_bytes());
        }
        Ok(())
    }

    /// What the searches find for a message; `vector` is its vector, where there is one.
    pub fn candidates(
        &self,
        text: &str,
        vector: Option<&Vector>,
        searches: Searches,
    ) -> Result<Vec<Candidate<'_>>, String> {
        let mut found: BTreeMap<usize, Candidate<'_>> = BTreeMap::new();
        if let Some(vector) = vector.filter(|_| searches != Searches::Words) {
            for neighbour in self.nearest(vector) {
                let one = self.slot(&mut found, neighbour.position as usize);
                one.cosine = Some(f64::from(neighbour.cosine));
                one.density = Some(f64::from(neighbour.density));
            }
        }
        let query = match (searches, vector) {
            (Searches::Vectors, _) => None,
            (Searches::Both, Some(_)) => self.content_query(text)?,
            _ => match_expression(text),
        };
        if let Some(query) = query {
            for (place, score) in self.words(&query)? {
                self.slot(&mut found, place).bm25 = Some(-score);
            }
        }
        Ok(found.into_values().collect())
    }

    /// The nearest stored vectors.
    pub fn nearest(&self, vector: &Vector) -> Vec<countersign_embed::Neighbour> {
        let mut scan = Scan::new(vector, CANDIDATES_MAX as usize);
        self.blocks.iter().for_each(|block| scan.block(block));
        scan.nearest()
    }

    /// The query beside vectors, as the service makes it: counted first in a large memory.
    pub fn content_query(&self, text: &str) -> Result<Option<String>, String> {
        if self.ids.len() <= ROWS_SCORED_MAX as usize {
            return Ok(content_expression(text));
        }
        let sql = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)";
        let mut count = self.database.prepare_cached(sql).map_err(fault)?;
        let mut counted = Vec::new();
        for term in content_terms(text) {
            let rows = count
                .query_row((term_expression(&term), ROWS_SCORED_MAX + 1), |row| {
                    row.get(0)
                })
                .map_err(fault)?;
            counted.push((term, rows));
        }
        Ok(affordable_expression(&counted))
    }

    /// The rows that share words, best first, with SQLite's score.
    pub fn words(&self, query: &str) -> Result<Vec<(usize, f64)>, String> {
        let sql = "SELECT rowid, rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?";
        let mut select = self.database.prepare_cached(sql).map_err(fault)?;
        let rows = select.query_map((query, CANDIDATES_MAX), |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        rows.map_err(fault)?
            .collect::<Result<_, _>>()
            .map_err(fault)
    }

    fn slot<'a, 'b>(
        &'a self,
        found: &'b mut BTreeMap<usize, Candidate<'a>>,
        place: usize,
    ) -> &'b mut Candidate<'a> {
        found.entry(place).or_insert_with(|| Candidate {
            id: self.ids.get(place).map_or("", String::as_str),
            category: self.categories.get(place).map(String::as_str),
            ..Candidate::default()
        })
    }
}

fn fault(error: rusqlite::Error) -> String {
    error.to_string()
}

/// The vectors of texts, where there is a model.
pub fn vectors(model: Option<&Model<'_>>, rows: &[Row]) -> Vec<Option<Vector>> {
    let embed = |row: &Row| model.map(|model| model.embed(&row.text, TOKENS_MAX));
    rows.iter().map(embed).collect()
}
