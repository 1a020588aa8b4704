//! The table of codes: one row each, from which `explain`, the documentation and the tests follow.
//!
//! Codes are `F` and four digits, never reused. Areas: F01 syntax, F02 names, F03 types and expressions, F04 calls,
//! F05 flow, F06 errors and handlers, F07 permissions, F08 items and settings, F09 limits and output, F10 lints, F11
//! tests.

use super::Severity;

macro_rules! codes {
    ($($variant:ident $code:literal $name:literal $severity:ident;)*) => {
        /// What is wrong, as a stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($variant),* }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// `F` and four digits.
            pub fn code(self) -> &'static str {
                match self { $(Code::$variant => $code),* }
            }

            /// The kebab-case name that `flowc.toml` and `allow(…)` use.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name),* }
            }

            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity),* }
            }

            /// Whether it says that a text is no program.
            pub fn is_syntax_error(self) -> bool {
                self.code().starts_with("F01") && self.severity() == Severity::Error
            }

            /// Markdown: what it means, a failing program, the mended one.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$variant => include_str!(concat!("explain/", $code, ".md"))),* }
            }

            /// By code or by name, whatever the case.
            pub fn find(text: &str) -> Option<Code> {
                Code::ALL
                    .iter()
                    .copied()
                    .find(|c| c.code().eq_ignore_ascii_case(text) || c.name().eq_ignore_ascii_case(text))
            }
        }
    };
}

codes! {
    // F01 syntax
    Syntax "F0101" "syntax" Error;
    TooDeep "F0102" "too-deep" Error;
    SourceTooLarge "F0103" "source-too-large" Error;
    SettingTooLate "F0104" "setting-too-late" Error;
    UnclosedBracket "F0105" "unclosed-bracket" Error;
    UnopenedBracket "F0106" "unopened-bracket" Error;
    UnclosedString "F0107" "unclosed-string" Error;
    UnclosedComment "F0108" "unclosed-comment" Error;
    UnclosedInterpolation "F0109" "unclosed-interpolation" Error;
    ReservedName "F0110" "reserved-name" Error;
    ForeignOperator "F0111" "foreign-operator" Error;
    ForeignWord "F0112" "foreign-word" Error;
    ForeignQuotes "F0113" "foreign-quotes" Error;
    ForeignComment "F0114" "foreign-comment" Error;
    StrayCharacter "F0115" "stray-character" Error;
    MisspeltKeyword "F0116" "misspelt-keyword" Error;
    MalformedNumber "F0117" "malformed-number" Error;
    MissingSeparator "F0118" "missing-separator" Error;
    Misplaced "F0119" "misplaced" Error;
    UnknownEscape "F0120" "unknown-escape" Error;
    DollarInterpolation "F0121" "dollar-interpolation" Warning;
    NotText "F0122" "not-text" Error;

    // F02 names
    DuplicateName "F0201" "duplicate-name" Error;
    AmbiguousName "F0202" "ambiguous-name" Error;
    MayBeUnbound "F0203" "may-be-unbound" Error;
    NotBoundYet "F0204" "not-bound-yet" Error;
    OutOfScope "F0205" "out-of-scope" Error;
    UnknownStep "F0206" "unknown-step" Error;
    RecursiveStep "F0207" "recursive-step" Error;
    RecursiveLet "F0208" "recursive-let" Error;
    SetUnbound "F0209" "set-unbound" Error;
    SetOuter "F0210" "set-outer" Error;
    UsedFileMissing "F0290" "used-file-missing" Error;

    // F03 types and expressions
    TypeMismatch "F0301" "type-mismatch" Error;
    UnknownMember "F0302" "unknown-member" Error;
    MayBeNull "F0303" "may-be-null" Error;
    StringAddition "F0304" "string-addition" Error;
    MemberOfList "F0305" "member-of-list" Error;
    ImpossibleComparison "F0306" "impossible-comparison" Error;
    DuplicateKey "F0307" "duplicate-key" Error;
    WrongOperand "F0308" "wrong-operand" Error;
    UnknownName "F0309" "unknown-name" Error;
    NoValue "F0310" "no-value" Error;
    UnknownFunction "F0311" "unknown-function" Error;
    WrongArgumentCount "F0312" "wrong-argument-count" Error;
    UnknownType "F0313" "unknown-type" Error;
    RecursiveType "F0314" "recursive-type" Error;
    RecursiveFunction "F0315" "recursive-function" Error;
    MisplacedPattern "F0316" "misplaced-pattern" Error;
    KnownTooLate "F0317" "known-too-late" Error;
    MalformedTimestamp "F0318" "malformed-timestamp" Error;
    AlwaysFails "F0319" "always-fails" Error;
    NamedArgument "F0320" "named-argument" Error;

    // F04 calls
    UnknownService "F0401" "unknown-service" Error;
    UnknownOperation "F0402" "unknown-operation" Error;
    RefusedOperation "F0403" "refused-operation" Error;
    PatternNotOffered "F0404" "pattern-not-offered" Error;
    NotInExpress "F0405" "not-in-express" Error;
    UnknownArgument "F0406" "unknown-argument" Error;
    MissingArgument "F0407" "missing-argument" Error;
    WrongArgumentType "F0408" "wrong-argument-type" Error;
    UnknownEnumValue "F0409" "unknown-enum-value" Error;
    OutOfRange "F0410" "out-of-range" Error;
    OneOfSeveral "F0411" "one-of-several" Error;
    WrongResource "F0412" "wrong-resource" Error;
    MissingTaskToken "F0413" "missing-task-token" Error;
    RepeatedArgument "F0414" "repeated-argument" Error;
    UnnamedArgument "F0415" "unnamed-argument" Error;
    MisplacedReturns "F0416" "misplaced-returns" Error;
    MisplacedStart "F0417" "misplaced-start" Error;
    HeartbeatNotShorter "F0418" "heartbeat-not-shorter" Error;
    OtherSpelling "F0420" "other-spelling" Warning;

    // F05 flow
    Unreachable "F0501" "unreachable" Error;
    MisplacedJump "F0502" "misplaced-jump" Error;
    NotExhaustive "F0503" "not-exhaustive" Error;
    UnreachableArm "F0504" "unreachable-arm" Error;
    MisplacedModifier "F0505" "misplaced-modifier" Error;
    RepeatedPart "F0506" "repeated-part" Error;
    FinallyCancelled "F0507" "finally-cancelled" Error;
    FinallyLeft "F0508" "finally-left" Error;
    MapOption "F0509" "map-option" Error;
    PollPart "F0510" "poll-part" Error;
    StepBlock "F0511" "step-block" Error;
    FlowCount "F0512" "flow-count" Error;
    ExpandsTooFar "F0513" "expands-too-far" Error;
    DuplicateBranch "F0514" "duplicate-branch" Error;
    NumberOutOfRange "F0515" "number-out-of-range" Error;
    StateName "F0516" "state-name" Error;

    // F06 errors and handlers
    UnknownError "F0601" "unknown-error" Error;
    ReservedError "F0602" "reserved-error" Error;
    UncatchableError "F0603" "uncatchable-error" Error;
    NeverMatches "F0604" "never-matches" Error;
    RetryNeedsOn "F0605" "retry-needs-on" Error;
    UnknownPolicy "F0606" "unknown-policy" Error;
    AllWithOthers "F0607" "all-with-others" Error;
    MisplacedFail "F0608" "misplaced-fail" Error;
    UnreliableError "F0609" "unreliable-error" Warning;
    HiddenInDistributed "F0610" "hidden-in-distributed" Error;

    // F07 permissions
    UnboundedName "F0701" "unbounded-name" Error;
    NeedlessWithin "F0702" "needless-within" Warning;
    WithinTooWide "F0703" "within-too-wide" Error;
    WithinContradicts "F0704" "within-contradicts" Error;
    WithinAmbiguous "F0705" "within-ambiguous" Error;
    AccessNotTaken "F0706" "access-not-taken" Error;
    NotAnArn "F0707" "not-an-arn" Error;
    UndeclaredData "F0708" "undeclared-data" Warning;
    LatePlace "F0709" "late-place" Error;

    // F08 items and settings
    SettingValue "F0801" "setting-value" Error;
    UnknownKind "F0802" "unknown-kind" Error;
    ResourceWithoutName "F0803" "resource-without-name" Error;
    ParamType "F0804" "param-type" Error;
    ParamConflict "F0805" "param-conflict" Error;
    UnknownLint "F0806" "unknown-lint" Error;
    UnknownProperty "F0807" "unknown-property" Error;
    MissingProperty "F0808" "missing-property" Error;
    ReadOnlyProperty "F0809" "read-only-property" Error;
    PropertyType "F0810" "property-type" Error;
    PropertyValue "F0811" "property-value" Error;
    RepeatedProperty "F0812" "repeated-property" Error;
    MisplacedAccess "F0813" "misplaced-access" Error;
    UnknownTrigger "F0814" "unknown-trigger" Error;
    TriggerArgument "F0815" "trigger-argument" Error;
    TriggerInput "F0816" "trigger-input" Error;
    MissingInput "F0817" "missing-input" Error;
    EventPattern "F0818" "event-pattern" Error;
    OrderLost "F0819" "order-lost" Warning;
    UnescapedField "F0820" "unescaped-field" Warning;
    UnknownMeasure "F0821" "unknown-measure" Error;
    AlarmBound "F0822" "alarm-bound" Error;
    NothingMeasured "F0823" "nothing-measured" Error;
    SilentTopic "F0824" "silent-topic" Error;

    // F09 limits and output
    TooLarge "F0901" "too-large" Error;

    // F10 lints
    UnusedStep "F1001" "unused-step" Warning;
    EndlessLoop "F1002" "endless-loop" Warning;
    FailureEndsAsSuccess "F1003" "failure-ends-as-success" Warning;
    FinallyCutShort "F1004" "finally-cut-short" Warning;
    EndlessPoll "F1005" "endless-poll" Warning;
    EndlessWait "F1006" "endless-wait" Warning;
    UnawaitedJob "F1007" "unawaited-job" Warning;
    UnreleasedResource "F1008" "unreleased-resource" Warning;
    HandMadeJson "F1009" "hand-made-json" Warning;
    NullInText "F1010" "null-in-text" Warning;
    SplicedQuery "F1011" "spliced-query" Warning;
    RepeatedChildName "F1012" "repeated-child-name" Warning;
    MistakenUnit "F1013" "mistaken-unit" Warning;
    BareSeconds "F1014" "bare-seconds" Warning;
    UnusedResult "F1015" "unused-result" Warning;
    EndlessJob "F1016" "endless-job" Warning;
    UncappedMap "F1017" "uncapped-map" Warning;
    LongHistory "F1018" "long-history" Warning;
    LoggedPayload "F1019" "logged-payload" Warning;
    NeedlessFunction "F1020" "needless-function" Warning;
    TwoShapes "F1021" "two-shapes" Warning;
    ReservedAttribute "F1022" "reserved-attribute" Warning;
    FirstPageOnly "F1023" "first-page-only" Warning;
    LargePage "F1024" "large-page" Warning;
    UnchangingCondition "F1025" "unchanging-condition" Warning;

    // F11 tests
    UnknownCall "F1101" "unknown-call" Error;
    ExpectsNothing "F1102" "expects-nothing" Error;
    NeverAnswers "F1103" "never-answers" Error;
    TestFailed "F1104" "test-failed" Error;
    NotCovered "F1105" "not-covered" Warning;
}
