//! Which file uses which, and the circles among them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::limits::Finding;
use crate::source::{Names, Root};

/// How many re-exports a name may pass through. Longer chains are circles of their own.
const REEXPORTS: usize = 8;

/// The module that has what `names` says in the module `from`; nothing where it is no name of this
/// crate.
fn resolve(root: &Root, from: usize, names: &[String], depth: usize) -> Option<usize> {
    let (first, rest) = names.split_first()?;
    let start = match first.as_str() {
        "crate" => Some(0),
        "self" => Some(from),
        "super" => root.modules[from].parent,
        "Self" => None,
        name => return step(root, from, name, rest, depth),
    }?;
    match rest.split_first() {
        None => Some(start),
        Some((next, _)) if next == "super" => resolve(root, start, rest, depth),
        Some((next, rest)) => step(root, start, next, rest, depth).or(Some(start)),
    }
}

/// What `name` and then `rest` are in the module `at`.
fn step(root: &Root, at: usize, name: &str, rest: &[String], depth: usize) -> Option<usize> {
    let module = &root.modules[at];
    if let Some(child) = module.children.get(name)
        && !(rest.is_empty() && module.items.contains(name))
    {
        return match rest.split_first() {
            None => Some(*child),
            Some((next, rest)) => step(root, *child, next, rest, depth).or(Some(*child)),
        };
    }
    if module.items.contains(name) {
        return Some(at);
    }
    let depth = depth.checked_sub(1)?;
    if let Some(path) = module.imports.get(name)
        && path.first().is_none_or(|first| first != name)
    {
        return resolve(root, at, &[path.as_slice(), rest].concat(), depth);
    }
    module.globs.iter().find_map(|glob| {
        let brought = resolve(root, at, glob, depth).filter(|brought| *brought != at)?;
        step(root, brought, name, rest, depth)
    })
}

/// The files that each file uses.
fn arrows(root: &Root) -> Vec<BTreeSet<usize>> {
    let arrows_of = |(from, module): (usize, &crate::source::Module)| {
        let found = |names: &Names| resolve(root, from, names, REEXPORTS);
        let used = module.references.iter().filter_map(found);
        used.filter(|used| *used != from).collect()
    };
    root.modules.iter().enumerate().map(arrows_of).collect()
}

/// The circles: files that use each other, directly or through others.
pub(crate) fn circles(folder: &str, root: &Root) -> Vec<Finding> {
    let arrows = arrows(root);
    let reached: Vec<BTreeSet<usize>> =
        (0..arrows.len()).map(|from| reach(&arrows, from)).collect();
    let mut said = BTreeSet::new();
    let mut circles = Vec::new();
    for from in 0..arrows.len() {
        let circle = reached[from]
            .iter()
            .copied()
            .filter(|to| reached[*to].contains(&from));
        let circle: BTreeSet<usize> = circle.collect();
        if circle.is_empty() || !said.insert(circle.clone()) {
            continue;
        }
        let mut line = format!("a circle of {} files:", circle.len());
        for file in &circle {
            let next = arrows[*file]
                .intersection(&circle)
                .map(|to| name(root, *to));
            let next = next.collect::<Vec<_>>().join(", ");
            let _written = write!(line, "\n  {} -> {next}", name(root, *file));
        }
        circles.push(Finding::new(folder, "circles", circle.len(), line));
    }
    circles
}

fn name(root: &Root, module: usize) -> &str {
    &root.modules[module].file
}

fn reach(arrows: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<usize> = arrows[from].iter().copied().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(&arrows[next]);
        }
    }
    reached
}

/// The top modules of a crate, and which use which.
pub(crate) fn map(root: &Root) -> String {
    let top = |mut module: usize| {
        while let Some(parent) = root.modules[module].parent.filter(|parent| *parent != 0) {
            module = parent;
        }
        let file = root.modules[module]
            .file
            .rsplit('/')
            .next()
            .unwrap_or_default();
        file.trim_end_matches(".rs").to_owned()
    };
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for (index, module) in root.modules.iter().enumerate() {
        *sizes.entry(top(index)).or_default() += module.lines();
    }
    let mut lines: BTreeSet<String> = BTreeSet::new();
    for (from, used) in arrows(root).iter().enumerate() {
        let arrows = used.iter().map(|to| (top(from), top(*to)));
        lines.extend(
            arrows
                .filter(|(from, to)| from != to)
                .map(|(from, to)| format!("    {from} --> {to}\n")),
        );
    }
    let mut chart = String::from("flowchart TD\n");
    for (name, size) in sizes {
        let _written = writeln!(chart, "    {name}[\"{name}<br>{size} lines\"]");
    }
    chart.extend(lines);
    chart
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source;

    /// The circles of a crate of these files, as their sizes.
    fn circles_of(files: &[(&str, &str)]) -> Vec<usize> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = source::read(folder.path(), &folder.path().join("lib.rs")).unwrap();
        let circles = circles("", &root);
        circles.iter().map(|circle| circle.weight).collect()
    }

    #[test]
    fn two_files_that_use_each_other_are_a_circle_and_a_reexport_is_seen_through() {
        let a = ("a.rs", "use crate::b::B; pub struct A(B);");
        let declared = ("lib.rs", "mod a; mod b; pub use a::A;");
        let uses = [
            ("use crate::a::A; pub struct B(A);", vec![2]),
            ("use crate::A; pub struct B(A);", vec![2]),
            ("pub struct B(std::sync::Arc<crate::A>);", vec![2]),
            ("pub struct B; fn f() { g!(1, crate::A::new()) }", vec![2]),
            (
                "pub(super) struct B; #[cfg(test)] mod tests { use crate::A; }",
                vec![],
            ),
        ];
        for (b, circles) in uses {
            assert_eq!(circles_of(&[declared, a, ("b.rs", b)]), circles, "{b}");
        }
    }

    #[test]
    fn a_parent_and_its_child_are_a_circle_where_both_use_the_other() {
        let parent = ("a.rs", "mod b; pub struct A(b::B);");
        for (child, circles) in [
            ("pub struct B(super::A);", vec![2]),
            ("pub struct B;", vec![]),
        ] {
            let files = [("lib.rs", "mod a;"), parent, ("a/b.rs", child)];
            assert_eq!(circles_of(&files), circles, "{child}");
        }
    }
}
