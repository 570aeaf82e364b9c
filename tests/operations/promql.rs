//! What a PromQL expression names: metrics, and labels.

use std::collections::BTreeSet;
use std::convert::Infallible;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{
    AggregateExpr, BinaryExpr, Expr, MatrixSelector, VectorSelector, parse,
};
use promql_parser::util::{ExprVisitor, walk_expr};

/// What an expression names.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// The series it selects.
    pub(crate) selected: Vec<Selected>,
    /// The labels that it groups or joins by.
    pub(crate) labels: BTreeSet<String>,
}

/// Series that are selected.
#[derive(Debug)]
pub(crate) struct Selected {
    /// Their name.
    pub(crate) name: String,
    /// Their labels, with the values that are asked for by `=`, or listed by a regular expression
    /// `a|b`.
    pub(crate) matchers: Vec<(String, Vec<String>)>,
}

/// What `expression` names.
///
/// # Panics
///
/// Where it cannot be parsed, or selects series without saying their name.
pub(crate) fn named_by(expression: &str) -> Named {
    let parsed = parse(expression).unwrap_or_else(|error| panic!("{error}: {expression}"));
    let mut named = Named::default();
    let Ok(_whole) = walk_expr(&mut named, &parsed);
    named
}

impl ExprVisitor for Named {
    type Error = Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Infallible> {
        match expr {
            Expr::VectorSelector(selector) => self.select(selector),
            Expr::MatrixSelector(MatrixSelector { vs, .. }) => self.select(vs),
            Expr::Aggregate(AggregateExpr { modifier, .. }) => {
                let labels = modifier.iter().flat_map(|by| &by.labels().labels);
                self.labels.extend(labels.cloned());
            }
            Expr::Binary(BinaryExpr { modifier, .. }) => {
                let matching = modifier.iter().filter_map(|how| how.matching.as_ref());
                let labels = matching.flat_map(|on| &on.labels().labels);
                self.labels.extend(labels.cloned());
            }
            Expr::Unary(_)
            | Expr::Paren(_)
            | Expr::Subquery(_)
            | Expr::NumberLiteral(_)
            | Expr::StringLiteral(_)
            | Expr::Call(_)
            | Expr::Extension(_) => {}
        }
        Ok(true)
    }
}

impl Named {
    fn select(&mut self, selector: &VectorSelector) {
        let name = selector.name.clone();
        let name = name.unwrap_or_else(|| panic!("a selector says no name: {selector}"));
        let matchers = selector.matchers.matchers.iter().map(asked_for);
        self.selected.push(Selected {
            name,
            matchers: matchers.collect(),
        });
    }
}

fn asked_for(matcher: &Matcher) -> (String, Vec<String>) {
    let values = match matcher.op {
        MatchOp::Equal => vec![matcher.value.clone()],
        MatchOp::Re(_) => matcher.value.split('|').map(ToOwned::to_owned).collect(),
        MatchOp::NotEqual | MatchOp::NotRe(_) => Vec::new(),
    };
    (matcher.name.clone(), values)
}
