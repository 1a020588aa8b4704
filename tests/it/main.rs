mod by_hand;
mod catalog;
mod cfn;
mod iam;
mod report;
