//! Reads the production modules of a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context;
use proc_macro2::TokenTree;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, Meta, UseTree, Visibility};

/// A path as the code says it, its segments.
pub(crate) type Names = Vec<String>;

/// What `lib.rs` or `main.rs` declares, each file once, the root first.
pub(crate) struct Root {
    pub(crate) modules: Vec<Module>,
}

/// A file of production code.
#[derive(Default)]
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) parent: Option<usize>,
    pub(crate) children: BTreeMap<String, usize>,
    /// Items that are declared here.
    pub(crate) items: BTreeSet<String>,
    /// Names that a `use` brings here.
    pub(crate) imports: BTreeMap<String, Names>,
    /// What `use …::*` brings here.
    pub(crate) globs: Vec<Names>,
    /// What the code here refers to.
    pub(crate) references: Vec<Names>,
    /// Types, with the line and the number of fields.
    pub(crate) types: Vec<(String, usize, usize)>,
    lines: usize,
    test_lines: usize,
}

impl Module {
    /// Production lines, with comments and empty lines.
    pub(crate) fn lines(&self) -> usize {
        self.lines - self.test_lines
    }
}

/// Reads `file` and all that it declares.
///
/// # Errors
///
/// Where a file cannot be read or is no Rust.
pub(crate) fn read(root: &Path, file: &Path) -> anyhow::Result<Root> {
    let mut modules = Vec::new();
    let mut open = vec![(None, String::new(), file.to_owned())];
    while let Some((parent, name, path)) = open.pop() {
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let parsed = syn::parse_file(&text).with_context(|| path.display().to_string())?;
        let mut reader = Reader::default();
        reader.module.file = path.strip_prefix(root)?.to_string_lossy().into_owned();
        reader.module.lines = text.lines().count();
        reader.module.parent = parent;
        reader.visit_file(&parsed);
        let index = modules.len();
        if let Some(parent) = parent {
            let parent: &mut Module = &mut modules[parent];
            parent.children.insert(name, index);
        }
        for child in reader.declared {
            let file = file_of(&path, &child)?;
            open.push((Some(index), child, file));
        }
        modules.push(reader.module);
    }
    Ok(Root { modules })
}

fn file_of(parent: &Path, child: &str) -> anyhow::Result<PathBuf> {
    let stem = parent
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let folder = parent.parent().context("a file lies in a folder")?;
    let folder = match stem {
        "lib" | "main" | "mod" => folder.to_owned(),
        _ => folder.join(stem),
    };
    let file = folder.join(format!("{child}.rs"));
    anyhow::ensure!(file.is_file(), "{} is declared and missing", file.display());
    Ok(file)
}

#[derive(Default)]
struct Reader {
    module: Module,
    declared: Vec<String>,
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else {
            return false;
        };
        let mut tokens = list.tokens.clone().into_iter();
        let only = (tokens.next(), tokens.next());
        list.path.is_ident("cfg")
            && matches!(only, (Some(TokenTree::Ident(name)), None) if name == "test")
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others declare nothing that is looked at"
)]
fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl Reader {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the others declare no name of their own"
    )]
    fn declare_item(&mut self, item: &Item) {
        match item {
            Item::Struct(item) => self.declare(&item.ident, Some(item.fields.len())),
            Item::Enum(item) => self.declare(&item.ident, Some(0)),
            Item::Trait(item) => self.declare(&item.ident, Some(0)),
            Item::Type(item) => self.declare(&item.ident, Some(0)),
            Item::Fn(item) => self.declare(&item.sig.ident, None),
            Item::Const(item) => self.declare(&item.ident, None),
            Item::Static(item) => self.declare(&item.ident, None),
            Item::Mod(item) if item.content.is_none() => self.declared.push(item.ident.to_string()),
            _ => {}
        }
    }

    fn declare(&mut self, name: &syn::Ident, fields: Option<usize>) {
        self.module.items.insert(name.to_string());
        if let Some(fields) = fields {
            let line = name.span().start().line;
            self.module.types.push((name.to_string(), line, fields));
        }
    }

    fn import(&mut self, before: &[String], tree: &UseTree, reexport: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let (name, path) = match tree {
            UseTree::Path(path) => return self.import(&with(&path.ident), &path.tree, reexport),
            UseTree::Group(group) => {
                return group
                    .items
                    .iter()
                    .for_each(|tree| self.import(before, tree, reexport));
            }
            UseTree::Glob(_) => return self.module.globs.push(before.to_vec()),
            UseTree::Name(name) if name.ident == "self" => {
                (before.last().cloned().unwrap_or_default(), before.to_vec())
            }
            UseTree::Name(name) => (name.ident.to_string(), with(&name.ident)),
            UseTree::Rename(rename) => (rename.rename.to_string(), with(&rename.ident)),
        };
        if !reexport {
            self.module.references.push(path.clone());
        }
        self.module.imports.insert(name, path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(attributes(item)) {
            let span = item.span();
            self.module.test_lines += span.end().line + 1 - span.start().line;
            return;
        }
        self.declare_item(item);
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let reexport = !matches!(item.vis, Visibility::Inherited);
        self.import(&[], &item.tree, reexport);
    }

    /// `pub(super)` refers to nothing that its module has.
    fn visit_visibility(&mut self, _visibility: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        self.module.references.push(names.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let arguments = syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
        if let Ok(arguments) = item.parse_body_with(arguments) {
            for argument in &arguments {
                // The visitor wants what outlives it; these live as long as this call.
                let mut inner = Self::default();
                inner.visit_expr(argument);
                self.module.references.append(&mut inner.module.references);
            }
        }
        visit::visit_macro(self, item);
    }
}
