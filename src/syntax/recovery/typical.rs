//! Mistakes that people make, a function each: it looks at the place and says what was meant, or None.
//!
//! A mistake is taken for what it looks like only if the part can be read on with what was meant in its place. So a
//! function may guess; it must not tell what would be wrong of a correct text in another place.

mod signs;
mod stages;
mod starts;
mod values;

use super::site::{Mend, Site};

/// In the order in which they are tried.
const MISTAKES: &[fn(&Site<'_, '_>) -> Option<Mend>] = &[
    starts::misplaced_item,
    starts::misplaced_member,
    starts::misspelt,
    starts::misspelt_expectation,
    starts::foreign,
    starts::missing_keyword,
    starts::reserved_name,
    starts::hyphen_in_name,
    starts::quoted_name,
    values::number,
    values::unit_apart,
    values::percent,
    values::leading_dot,
    values::sign_before_number,
    values::escape,
    values::empty_interpolation,
    values::spelling_of_string,
    stages::name_after_stage,
    stages::loop_with_condition,
    stages::foreign_word_here,
    stages::foreign_word_before,
    stages::misspelt_keyword,
    stages::modifier_before_call,
    stages::catch_without_error,
    stages::braces_of_if,
    stages::missing_else,
    stages::several_in_step,
    stages::block_in_step,
    stages::block_as_stage,
    stages::arrow_in_arm,
    stages::branch_without_block,
    stages::missing_block,
    stages::then_in_flow,
    signs::type_of_let,
    signs::colon_for_equals,
    signs::equals_for_colon,
    signs::missing_type,
    signs::dots_in_type,
    signs::comparison,
    signs::ternary,
    signs::doubled,
    signs::arrow_at_end,
    signs::arrow_at_start,
    signs::missing_parameters,
    signs::missing_parentheses,
    signs::missing_arrow,
    signs::missing_colon,
    signs::missing_comma,
    signs::missing_sign,
];

/// What the mistake at a place may be, the likeliest first.
pub(super) fn mends(site: &Site<'_, '_>) -> impl Iterator<Item = Mend> {
    MISTAKES.iter().filter_map(move |mistake| mistake(site))
}
