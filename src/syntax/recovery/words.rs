//! What the parser expects, in people's words.

use crate::syntax::grammar::Rule;

/// How likely an alternative is what was meant; the first come first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Something must stand there.
    Needed,
    Separator,
    Arrow,
    /// A sign or word that opens something.
    Opener,
    /// The part ends.
    End,
    Modifier,
    /// What could go on, and is seldom what is missing.
    Option,
    Operator,
}

/// The words for a list of rules: at most three alternatives, the likeliest first. `end` is what follows the part.
pub(super) fn expected(rules: &[Rule], end: &str) -> String {
    let mut found: Vec<(Rank, String)> = Vec::new();
    for rule in rules {
        let Some((rank, words)) = words(*rule, end) else {
            continue;
        };
        if !found.iter().any(|(_, have)| *have == words) {
            found.push((rank, words));
        }
    }
    found.sort_by(|a, b| (a.0, order(&a.1), &a.1).cmp(&(b.0, order(&b.1), &b.1)));
    let has = |rank| found.iter().any(|(r, _)| *r == rank);
    let modifiers = has(Rank::Modifier);
    let certain = found
        .iter()
        .any(|(rank, _)| *rank <= Rank::End && (!modifiers || *rank != Rank::Opener));
    let operators = has(Rank::Operator);
    found.retain(|(rank, words)| match rank {
        // After what is complete, nothing that would go on with its last word is likely.
        Rank::Opener => !(modifiers || operators && words == "`(`"),
        Rank::Option | Rank::Operator => !certain && !modifiers,
        _ => true,
    });
    if found.iter().any(|(rank, _)| *rank == Rank::Needed) {
        found.retain(|(rank, _)| *rank == Rank::Needed || *rank == Rank::Separator);
    }
    let mut list: Vec<String> = found.into_iter().map(|(_, words)| words).collect();
    list.truncate(3);
    join(&list)
}

/// Among equals, what ends a thing comes before what goes on with it.
fn order(words: &str) -> usize {
    match words {
        "`,`" => 0,
        "`)`" | "`]`" | "`}`" => 1,
        "`=`" => 2,
        "`(`" => 3,
        "`{`" => 4,
        _ => 5,
    }
}

pub(super) fn join(list: &[String]) -> String {
    match list {
        [] => "something else".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

const MEMBER: &str = "`step`, `let`, `flow` or a setting";

/// A rule's words; None where they would say nothing.
fn words(rule: Rule, end: &str) -> Option<(Rank, String)> {
    let (rank, words) = match rule {
        Rule::expr
        | Rule::operand
        | Rule::hole
        | Rule::if_expr
        | Rule::paren
        | Rule::list
        | Rule::object
        | Rule::reference
        | Rule::match_function
        | Rule::element => (Rank::Needed, "an expression"),
        Rule::entry | Rule::computed_key | Rule::entry_key => (Rank::Needed, "a key"),
        Rule::number | Rule::negative_number => (Rank::Needed, "a number"),
        Rule::duration => (Rank::Needed, "a duration"),
        Rule::size => (Rank::Needed, "a size"),
        Rule::string | Rule::text | Rule::open_quote | Rule::open_triple | Rule::quoted_name => {
            (Rank::Needed, "a string")
        }
        Rule::raw_string | Rule::regex | Rule::jsonata => (Rank::Operator, "a string"),
        Rule::stage
        | Rule::call
        | Rule::map
        | Rule::parallel
        | Rule::if_stage
        | Rule::match_stage
        | Rule::try_stage
        | Rule::poll
        | Rule::while_stage
        | Rule::loop_stage
        | Rule::wait_stage
        | Rule::fail_stage
        | Rule::return_stage
        | Rule::pass_stage
        | Rule::break_stage
        | Rule::continue_stage
        | Rule::set_stage
        | Rule::flow => (Rank::Needed, "a stage"),
        Rule::type_expr
        | Rule::type_postfix
        | Rule::type_name
        | Rule::list_type
        | Rule::object_type => (Rank::Needed, "a type"),
        Rule::cfn_type => (Rank::Needed, "a type such as `AWS::SNS::Topic`"),
        Rule::name
        | Rule::any_name
        | Rule::word
        | Rule::word_char
        | Rule::argument_name
        | Rule::name_binding
        | Rule::access_target
        | Rule::mock_target => (Rank::Needed, "a name"),
        Rule::lint_name => (Rank::Needed, "a lint's name"),
        Rule::error_name | Rule::error_names | Rule::dotted => (Rank::Needed, "an error's name"),
        Rule::alarm_condition => (Rank::Needed, "what to alarm on"),
        Rule::parameter => (Rank::Needed, "a parameter `name: type`"),
        Rule::field => (Rank::Needed, "a field `name: type`"),
        Rule::branch => (Rank::Needed, "a branch `name { … }`"),
        Rule::arm | Rule::pattern => (Rank::Needed, "a literal, a comparison or `else`"),
        Rule::argument => (Rank::Needed, "an argument"),
        Rule::answer | Rule::answer_word | Rule::kw_never => (Rank::Needed, "an answer"),
        Rule::each_but | Rule::kw_but => (Rank::Option, "`but`"),
        Rule::answer_time | Rule::kw_after => (Rank::Option, "`after`"),
        Rule::property_pair => (Rank::Needed, "a property `Name: value`"),

        Rule::comma => (Rank::Separator, "`,`"),
        Rule::close_paren => (Rank::Separator, "`)`"),
        Rule::close_bracket => (Rank::Separator, "`]`"),
        Rule::close_brace => (Rank::Separator, "`}`"),
        Rule::close_quote | Rule::close_triple => (Rank::Separator, "the end of the string"),
        Rule::arrow => (Rank::Arrow, "`->`"),
        Rule::colon => (Rank::Opener, "`:`"),
        Rule::equals => (Rank::Opener, "`=`"),
        Rule::open_paren | Rule::parameters | Rule::call_arguments => (Rank::Opener, "`(`"),
        Rule::open_brace
        | Rule::block
        | Rule::properties
        | Rule::fields_binding
        | Rule::open_hole => (Rank::Opener, "`{`"),
        Rule::EOI => (Rank::End, end),

        Rule::access
        | Rule::retry
        | Rule::catch
        | Rule::finally
        | Rule::timeout_modifier
        | Rule::heartbeat
        | Rule::credentials
        | Rule::named
        | Rule::within
        | Rule::returns
        | Rule::allow
        | Rule::kw_retry
        | Rule::kw_catch
        | Rule::kw_finally
        | Rule::kw_heartbeat
        | Rule::kw_credentials
        | Rule::kw_named
        | Rule::kw_within => (Rank::Modifier, "a modifier"),
        Rule::kw_timeout | Rule::kw_returns | Rule::kw_allow | Rule::kw_reads | Rule::kw_writes => {
            (Rank::Modifier, "a modifier")
        }

        Rule::item
        | Rule::one_item
        | Rule::use_item
        | Rule::param_item
        | Rule::fn_item
        | Rule::type_item
        | Rule::retry_item
        | Rule::pipeline_item
        | Rule::test_item
        | Rule::any_resource
        | Rule::resource
        | Rule::kind
        | Rule::kw_use
        | Rule::kw_param
        | Rule::kw_fn
        | Rule::kw_type
        | Rule::kw_resource
        | Rule::kw_pipeline
        | Rule::kw_test => (Rank::Opener, "an item"),
        Rule::member
        | Rule::one_member
        | Rule::let_item
        | Rule::step_item
        | Rule::flow_member
        | Rule::kw_let
        | Rule::kw_flow
        | Rule::setting
        | Rule::mode_setting
        | Rule::trigger_setting
        | Rule::timeout_setting
        | Rule::defaults_setting
        | Rule::log_setting
        | Rule::trace_setting
        | Rule::encrypt_setting
        | Rule::tags_setting
        | Rule::alarm_setting
        | Rule::dashboard_setting
        | Rule::release_setting
        | Rule::role_setting
        | Rule::kw_mode
        | Rule::kw_defaults
        | Rule::kw_log
        | Rule::kw_trace
        | Rule::kw_encrypt
        | Rule::kw_tags
        | Rule::kw_alarm
        | Rule::kw_dashboard
        | Rule::kw_release
        | Rule::kw_role => (Rank::Opener, MEMBER),
        Rule::kw_step => (Rank::Opener, MEMBER),
        Rule::one_test_member
        | Rule::test_member
        | Rule::given
        | Rule::mock
        | Rule::expect
        | Rule::each_step
        | Rule::kw_given
        | Rule::kw_mock
        | Rule::kw_expect
        | Rule::kw_each => (Rank::Opener, "`given`, `mock` or `expect`"),

        Rule::retry_part
        | Rule::retry_max
        | Rule::retry_every
        | Rule::retry_backoff
        | Rule::retry_max_delay
        | Rule::retry_jitter
        | Rule::kw_max
        | Rule::kw_every
        | Rule::kw_backoff
        | Rule::kw_max_delay
        | Rule::kw_jitter
        | Rule::retry_policy
        | Rule::kw_none => (Rank::Option, "`max`, `every` or another part of a retry"),
        Rule::retry_on | Rule::kw_on => (Rank::Option, "`on` and an error's name"),
        Rule::poll_part | Rule::poll_until | Rule::kw_until => (Rank::Separator, "`until`"),
        Rule::poll_every | Rule::poll_timeout | Rule::poll_max | Rule::poll_fail => {
            (Rank::Option, "a part of `poll`")
        }
        Rule::map_option
        | Rule::distributed_option
        | Rule::express_option
        | Rule::standard_option
        | Rule::collect_option
        | Rule::batch_option
        | Rule::tolerate_option
        | Rule::results_option
        | Rule::label_option
        | Rule::kw_distributed
        | Rule::kw_express
        | Rule::kw_standard
        | Rule::kw_collect
        | Rule::kw_batch
        | Rule::kw_tolerate
        | Rule::kw_results
        | Rule::kw_label => (Rank::Option, "an option of `map`"),

        Rule::infix
        | Rule::prefix
        | Rule::coalesce
        | Rule::kw_or
        | Rule::kw_and
        | Rule::equal
        | Rule::not_equal
        | Rule::at_most
        | Rule::at_least
        | Rule::less
        | Rule::greater
        | Rule::plus
        | Rule::minus
        | Rule::negation
        | Rule::star
        | Rule::slash
        | Rule::remainder
        | Rule::kw_not
        | Rule::member_access
        | Rule::index_access
        | Rule::open_bracket
        | Rule::dot
        | Rule::question
        | Rule::bar => (Rank::Operator, "an operator"),
        Rule::percent
        | Rule::spread
        | Rule::dots
        | Rule::slice_end
        | Rule::for_clause
        | Rule::kw_for => (Rank::Operator, "an operator"),

        Rule::kw_in => (Rank::Operator, "`in`"),
        Rule::kw_then => (Rank::Opener, "`then`"),
        Rule::kw_else => (Rank::Opener, "`else`"),
        Rule::kw_of => (Rank::Opener, "`of`"),
        Rule::kw_to => (Rank::Opener, "`to`"),
        Rule::kw_when => (Rank::Opener, "`when`"),
        Rule::kw_with => (Rank::Option, "`with`"),
        Rule::kw_notify => (Rank::Option, "`notify`"),
        Rule::kw_linear | Rule::linear_release | Rule::kw_canary | Rule::canary_release => {
            (Rank::Option, "`linear` or `canary`")
        }
        Rule::kw_payload | Rule::kw_keep | Rule::log_keep => (Rank::Needed, "`payload` or `keep`"),
        Rule::kw_if => (Rank::Needed, "`if`"),
        Rule::kw_fail => (Rank::Option, "`fail when`"),
        Rule::kw_fails => (Rank::Opener, "`fails`"),
        Rule::kw_catalog | Rule::catalog_access => (Rank::Option, "`catalog`"),
        Rule::kw_logs | Rule::logs_access => (Rank::Option, "`logs`"),
        Rule::property => (Rank::Needed, "a property `Name: value`"),
        Rule::expect_succeeded
        | Rule::expect_failed
        | Rule::expect_timed_out
        | Rule::expect_holds
        | Rule::kw_succeeded
        | Rule::kw_failed
        | Rule::kw_timed_out => (
            Rank::Needed,
            "`succeeded`, `failed` or what is expected of a step",
        ),
        Rule::expect_called | Rule::kw_called => (Rank::Opener, "`called`"),
        Rule::expect_before | Rule::kw_before => (Rank::Opener, "`before`"),
        Rule::cause => (Rank::Option, "a cause"),
        Rule::kw_map
        | Rule::map_item
        | Rule::kw_parallel
        | Rule::kw_match
        | Rule::kw_try
        | Rule::kw_poll
        | Rule::kw_while
        | Rule::kw_loop
        | Rule::kw_wait
        | Rule::kw_return
        | Rule::kw_pass
        | Rule::kw_break
        | Rule::kw_continue
        | Rule::kw_set
        | Rule::kw_start
        | Rule::kw_await => (Rank::Needed, "a stage"),
        Rule::kw_true | Rule::kw_false | Rule::kw_null => (Rank::Needed, "an expression"),
        Rule::escape
        | Rule::double_brace
        | Rule::quoted_text
        | Rule::triple_text
        | Rule::interpolation => (Rank::Option, "text"),

        // Never what is missing.
        Rule::file
        | Rule::WHITESPACE
        | Rule::COMMENT
        | Rule::blank
        | Rule::reserved
        | Rule::reserved_word
        | Rule::following_word
        | Rule::primary
        | Rule::stage_kind
        | Rule::modifier
        | Rule::pattern_value
        | Rule::pipeline_head
        | Rule::test_head => return None,
    };
    Some((rank, words.to_owned()))
}
