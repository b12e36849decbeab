//! `countersign test`: the named cases of a policy, each with the route that it gets. It must not
//! change the file.

use countersign_policy::case;

/// A line for each case, and whether all hold.
pub fn run(arguments: &[String]) -> Result<(String, bool), String> {
    let [file] = arguments else {
        return Err("usage: countersign test FILE".into());
    };
    let policy = crate::lint::read(file)?;
    let broken = case::broken(&policy);
    let cases = (0_u32..).zip(&policy.cases).map(|(index, case)| {
        match broken.iter().find(|broken| broken.index == index) {
            None => format!("holds   {}: {}", case.name, case.route.name()),
            Some(broken) => format!("BROKEN  {}", broken.fault(&policy).detail),
        }
    });
    let mut lines: Vec<String> = cases.collect();
    let (count, wrong) = (policy.cases.len(), broken.len());
    lines.push(format!("{file}: {count} cases, {wrong} broken"));
    Ok((lines.join("\n"), broken.is_empty()))
}
