//! Trains the model of `policy::edit` and says how good it is on edits it has not seen. It writes
//! `src/policy/edit/weights.bin`; nothing else is learned from it.
//!
//! Gradient boosting of small trees on logistic loss, over the features that ship: half the forest
//! from the edits as they are, half from them and, with less weight, from the same edits undone.
//! What is added is often more than what is taken away, but not in every kind of text; together
//! the halves are better than either. Beside it, grams are weighed one by one (`weigh_grams`), from the
//! same edits. In each set both kinds weigh the same, so that no set's habits rule. There are two models,
//! which learn from all edits: in the one for messages replies weigh most, those in other languages than
//! English half as much; in the one for all other texts English replies, which are of our own making, weigh less,
//! and essays, which are hard to judge, more. Edits of one text are kept together when the data is split.
//! `--folds`, `--repeats`, `--trees` (of each half), `--depth`, `--undone` and `--grams-undone` (the
//! weight of an edit undone), `--grams` (what they count for), `--replies`, `--essays`, `--messages` and `--foreign`
//! (what replies weigh in the model for messages), `--message-trees`, `--seed`; `--dry 1` writes nothing.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "a tool for development, over data of known size; a panic is a report"
)]

use crate::edits::SETS;
use crate::labelled::{Row, load};
use crate::options::Options;
use crate::thresholds::{Thresholds, mean, report};
use crate::weigh_grams::{self, Edit, weigh};
use countersign_policy::edit::{GRAM_UNIT, grams_file};
use std::collections::BTreeMap;

/// How to train.
#[derive(Clone, Copy)]
struct Recipe {
    trees: usize,
    depth: u32,
    rate: f64,
    /// Added to every denominator: the stronger, the smaller the leaves.
    ridge: f64,
    /// The least weight (of curvature) in a leaf.
    least: f64,
    /// The share of rows and of features that a tree sees, in 256ths.
    rows: u64,
    columns: u64,
    /// What an edit undone weighs, an edit weighing 1.
    undone: f64,
    /// The same, when grams are weighed.
    grams_undone: f64,
    grams: weigh_grams::Recipe,
    /// What all English replies weigh together, those in other languages, and all essays (ArgRewrite), another set
    /// weighing 1.
    replies: f64,
    foreign: f64,
    essays: f64,
    /// What replies weigh in the model for messages, English and other, another set weighing 1, and its trees of
    /// each half.
    messages: f64,
    foreign_messages: f64,
    message_trees: usize,
    seed: u64,
}

/// Trains, measures across folds, writes the weights.
pub fn run(options: &Options) -> Result<(), String> {
    let rows = load()?;
    let recipe = Recipe {
        trees: options.number("trees", 400)?,
        depth: options.number("depth", 3)?,
        rate: options.number("rate", 0.09)?,
        ridge: options.number("ridge", 4.0)?,
        least: options.number("least", 2.0)?,
        rows: options.number("rows", 160)?,
        columns: options.number("columns", 40)?,
        undone: options.number("undone", 0.1)?,
        grams_undone: options.number("grams-undone", 0.2)?,
        grams: weigh_grams::Recipe {
            ridge: options.number("grams-ridge", 100.0)?,
            groups: options.number("grams-groups", 3)?,
            share: options.number("grams", 1.8)?,
        },
        replies: options.number("replies", 0.2)?,
        essays: options.number("essays", 2.0)?,
        foreign: 0.0,
        messages: options.number("messages", 20.0)?,
        foreign_messages: options.number("foreign", 10.0)?,
        message_trees: options.number("message-trees", 400)?,
        seed: options.number("seed", 1)?,
    };
    let folds: usize = options.number("folds", 5)?;
    let repeats: u64 = options.number("repeats", 5)?;
    println!("{} edits, {} features", rows.len(), rows[0].features.len());
    let mut thresholds = Vec::new();
    for repeat in 0..repeats {
        let unseen = across_folds(
            &rows,
            folds,
            Recipe {
                seed: recipe.seed + repeat,
                ..recipe
            },
        );
        thresholds.push(report(&rows, &unseen));
    }
    if options.text("dry").is_none() {
        let everything: Vec<&Row> = rows.iter().collect();
        let models = recipe.both().map(|recipe| train(&everything, recipe));
        write(&models, recipe.depth, mean(&thresholds))?;
    }
    if options.number("importance", 0)? == 1 {
        let everything: Vec<&Row> = rows.iter().collect();
        importance(&train(&everything, recipe).forest);
    }
    Ok(())
}

impl Recipe {
    /// What all edits of a row's set weigh together, most sets weighing 1.
    fn weight_of(&self, row: &Row) -> f64 {
        match SETS[row.set] {
            "replies" => self.replies,
            "foreign" => self.foreign,
            "argrewrite" => self.essays,
            _ => 1.0,
        }
    }

    /// The recipes of the model for all texts that are no messages, and of that for messages.
    fn both(self) -> [Self; 2] {
        let messages = Self {
            replies: self.messages,
            foreign: self.foreign_messages,
            trees: self.message_trees,
            essays: 1.0,
            ..self
        };
        [self, messages]
    }
}

/// SplitMix64: a hash of a counter.
fn mixed(seed: u64, at: u64) -> u64 {
    let mut z = (seed ^ at.rotate_left(32)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = z.wrapping_add(at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The score of each row by a model that has seen none of its group.
fn across_folds(rows: &[Row], folds: usize, recipe: Recipe) -> Vec<i32> {
    let fold = |row: &Row| mixed(recipe.seed, row.group as u64) % folds as u64;
    let mut scores = vec![0; rows.len()];
    std::thread::scope(|scope| {
        let work: Vec<_> = (0..folds as u64)
            .map(|part| {
                scope.spawn(move || {
                    let seen: Vec<&Row> = rows.iter().filter(|row| fold(row) != part).collect();
                    (part, recipe.both().map(|recipe| train(&seen, recipe)))
                })
            })
            .collect();
        for part in work {
            let Ok((part, models)) = part.join() else {
                continue;
            };
            for (row, score) in rows.iter().zip(&mut scores) {
                if fold(row) == part {
                    *score = models[usize::from(row.is_message)].sum(row);
                }
            }
        }
    });
    scores
}

/// A complete tree: nodes level by level, then leaves.
struct Tree {
    nodes: Vec<(u8, u8)>,
    leaves: Vec<i8>,
    gains: Vec<f64>,
}

impl Tree {
    fn place(&self, features: &[u8]) -> usize {
        let mut node = 1;
        while node <= self.nodes.len() {
            let (feature, threshold) = self.nodes[node - 1];
            node = 2 * node + usize::from(features[usize::from(feature)] > threshold);
        }
        node - self.nodes.len() - 1
    }

    fn leaf(&self, features: &[u8]) -> i32 {
        i32::from(self.leaves[self.place(features)])
    }
}

/// A leaf of 1.0 in the logistic's own unit.
const LEAF_ONE: f64 = 256.0;

/// What a tree learns from: features, the kind, and how much it weighs.
struct Example<'r> {
    features: &'r [u8],
    substantive: bool,
    weight: f64,
}

/// What is learned.
struct Model {
    forest: Vec<Tree>,
    grams: BTreeMap<String, i8>,
}

impl Model {
    fn sum(&self, row: &Row) -> i32 {
        let leaves = self.forest.iter().map(|tree| tree.leaf(&row.features));
        let known = row.grams.iter().filter_map(|gram| self.grams.get(gram));
        leaves.sum::<i32>()
            + known
                .map(|weight| i32::from(*weight) * GRAM_UNIT)
                .sum::<i32>()
    }
}

/// Both halves of the forest, and the grams.
fn train(rows: &[&Row], recipe: Recipe) -> Model {
    let rows: Vec<&Row> = (rows.iter().copied())
        .filter(|row| recipe.weight_of(row) > 0.0)
        .collect();
    let rows = rows.as_slice();
    let mut forest = boosted(&examples(rows, 0.0, recipe), recipe);
    let other = Recipe {
        seed: mixed(recipe.seed, 0x0dd),
        ..recipe
    };
    forest.extend(boosted(&examples(rows, recipe.undone, recipe), other));
    Model {
        forest,
        grams: grams(rows, recipe),
    }
}

/// The grams of the edits and of the same undone, weighed.
fn grams(rows: &[&Row], recipe: Recipe) -> BTreeMap<String, i8> {
    let weighing = examples(rows, recipe.grams_undone, recipe);
    let texts = rows.iter().map(|row| (row.group, &row.grams));
    let back = rows.iter().map(|row| (row.group, &row.grams_undone));
    let edits: Vec<Edit<'_>> = texts
        .chain(back)
        .zip(&weighing)
        .map(|((group, grams), example)| Edit {
            grams,
            group,
            substantive: example.substantive,
            weight: example.weight,
        })
        .collect();
    weigh(&edits, recipe.grams).into_iter().collect()
}

/// The edits and, where they weigh anything, the same undone. In each set both kinds
/// weigh the same; replies and essays weigh as the recipe says.
fn examples<'r>(rows: &[&'r Row], undone: f64, recipe: Recipe) -> Vec<Example<'r>> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry((row.set, row.substantive)).or_insert(0.0) += 1.0 + undone;
    }
    let share = rows.len() as f64 / counts.len() as f64;
    let example = |row: &'r Row, features: &'r [u8], weight: f64| Example {
        features,
        substantive: row.substantive,
        weight: weight * share * recipe.weight_of(row) / counts[&(row.set, row.substantive)],
    };
    let done = rows.iter().map(|row| example(row, &row.features, 1.0));
    let back = rows.iter().map(|row| example(row, &row.undone, undone));
    done.chain(back.filter(|one| one.weight > 0.0)).collect()
}

fn boosted(rows: &[Example<'_>], recipe: Recipe) -> Vec<Tree> {
    let mut margin = vec![0.0_f64; rows.len()];
    let mut forest = Vec::new();
    for at in 0..recipe.trees as u64 {
        let pull: Vec<(f64, f64)> = (rows.iter().zip(&margin))
            .map(|(row, margin)| {
                let chance = 1.0 / (1.0 + libm::exp(-margin));
                let wanted = f64::from(u8::from(row.substantive));
                let curve = chance * (1.0 - chance);
                (row.weight * (wanted - chance), row.weight * curve)
            })
            .collect();
        let tree = grow(rows, &pull, recipe, mixed(recipe.seed, at));
        for (row, margin) in rows.iter().zip(&mut margin) {
            *margin += f64::from(tree.leaf(row.features)) / LEAF_ONE;
        }
        forest.push(tree);
    }
    forest
}

fn grow(rows: &[Example<'_>], pull: &[(f64, f64)], recipe: Recipe, seed: u64) -> Tree {
    let columns = rows[0].features.len();
    let open: Vec<usize> = (0..columns)
        .filter(|c| mixed(seed, *c as u64) % 256 < recipe.columns)
        .collect();
    let seen: Vec<usize> = (0..rows.len())
        .filter(|r| mixed(seed ^ 0x5eed, *r as u64) % 256 < recipe.rows)
        .collect();
    let mut place: Vec<usize> = vec![0; seen.len()];
    let (mut nodes, mut gains) = (Vec::new(), Vec::new());
    for level in 0..recipe.depth {
        let width = 1_usize << level;
        let best = best_splits(rows, pull, &seen, &place, &open, width, recipe);
        for (slot, row) in place.iter_mut().zip(&seen) {
            let (feature, threshold, _) = best[*slot];
            let right = rows[*row].features[usize::from(feature)] > threshold;
            *slot = 2 * *slot + usize::from(right);
        }
        nodes.extend(
            best.iter()
                .map(|(feature, threshold, _)| (*feature, *threshold)),
        );
        gains.extend(best.iter().map(|(_, _, gain)| *gain));
    }
    let mut sums = vec![(0.0, 0.0); 1 << recipe.depth];
    for (slot, row) in place.iter().zip(&seen) {
        sums[*slot].0 += pull[*row].0;
        sums[*slot].1 += pull[*row].1;
    }
    let leaf = |(g, h): &(f64, f64)| {
        (g / (h + recipe.ridge) * recipe.rate * LEAF_ONE)
            .round()
            .clamp(-127.0, 127.0) as i8
    };
    Tree {
        nodes,
        leaves: sums.iter().map(leaf).collect(),
        gains,
    }
}

/// Per node of a level, the split that gains most; (0, 255, 0) where none does.
fn best_splits(
    rows: &[Example<'_>],
    pull: &[(f64, f64)],
    seen: &[usize],
    place: &[usize],
    open: &[usize],
    width: usize,
    recipe: Recipe,
) -> Vec<(u8, u8, f64)> {
    let mut best = vec![(0_u8, 255_u8, 1e-6_f64); width];
    let worth = |g: f64, h: f64| g * g / (h + recipe.ridge);
    for &feature in open {
        let mut bins = vec![(0.0_f64, 0.0_f64); width * 256];
        for (slot, row) in place.iter().zip(seen) {
            let bin = &mut bins[*slot * 256 + usize::from(rows[*row].features[feature])];
            bin.0 += pull[*row].0;
            bin.1 += pull[*row].1;
        }
        for (slot, bins) in bins.chunks(256).enumerate() {
            let all = bins
                .iter()
                .fold((0.0, 0.0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1));
            let mut left = (0.0, 0.0);
            for (value, bin) in bins.iter().enumerate().take(255) {
                if bin.1 == 0.0 {
                    continue;
                }
                left = (left.0 + bin.0, left.1 + bin.1);
                let right = (all.0 - left.0, all.1 - left.1);
                if left.1 < recipe.least || right.1 < recipe.least {
                    continue;
                }
                let gain = worth(left.0, left.1) + worth(right.0, right.1) - worth(all.0, all.1);
                if gain > best[slot].2 {
                    best[slot] = (feature as u8, value as u8, gain);
                }
            }
        }
    }
    best
}

fn importance(forest: &[Tree]) {
    let mut gains: BTreeMap<u8, f64> = BTreeMap::new();
    for tree in forest {
        for ((feature, _), gain) in tree.nodes.iter().zip(&tree.gains) {
            *gains.entry(*feature).or_default() += gain;
        }
    }
    let mut sorted: Vec<(u8, f64)> = gains.into_iter().collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (feature, gain) in sorted {
        println!("feature {feature:>3}: {gain:.0}");
    }
}

fn stored(model: &Model, depth: u32, found: Thresholds) -> Vec<u8> {
    let mut bytes = vec![depth as u8];
    for number in [found.operating, found.balanced, model.forest.len() as i32] {
        bytes.extend((number as i16).to_le_bytes());
    }
    for tree in &model.forest {
        bytes.extend(
            tree.nodes
                .iter()
                .flat_map(|(feature, threshold)| [*feature, *threshold]),
        );
        bytes.extend(tree.leaves.iter().flat_map(|leaf| leaf.to_le_bytes()));
    }
    let grams: Vec<(String, i8)> = model.grams.clone().into_iter().collect();
    bytes.extend(grams_file(&grams));
    bytes
}

fn write(models: &[Model; 2], depth: u32, found: [Thresholds; 2]) -> Result<(), String> {
    let [other, messages] = models;
    let [of_other, of_messages] = found;
    let other = stored(other, depth, of_other);
    let length = u16::try_from(other.len()).map_err(|e| e.to_string())?;
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(other);
    bytes.extend(stored(messages, depth, of_messages));
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../src/policy/edit/weights.bin"
    );
    println!("{path}: {} bytes", bytes.len());
    std::fs::write(path, bytes).map_err(|e| format!("{path}: {e}"))
}
