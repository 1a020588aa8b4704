mod by_hand;
mod catalog;
mod cfn;
mod iam;
mod iam_catalog;
mod iam_map;
mod iam_merge;
mod report;
