//! What is read of a result.

use super::each_says;

fn holds(cases: &[(&str, &str)]) {
    each_says(cases, |expr| {
        format!(
            r#"pipeline it(day: string) {{
                 step crawl = glue.getCrawler(Name: "a")
                 step run = glue.startJobRun(JobName: "a")
                 step found = rds.describeDBInstances(DbInstanceIdentifier: "a")
                 step item = dynamodb.getItem(TableName: "a", Key: attributes({{ id: day }}))
                 step rows = dynamodb.query(TableName: "a", KeyConditionExpression: "id = :id")
                 flow crawl -> run -> found -> item -> rows -> pass ({expr})
               }}"#
        )
    });
}

#[test]
fn members_are_known_at_any_depth() {
    holds(&[
        ("crawl.Crawler.State", ""),
        (
            "crawl.Crawler.Stat",
            "F0302 `crawl.Crawler` has no member `Stat`: Stat\n\
             fix write `State`",
        ),
        (
            "crawl.Crawler.LastCrawl.Statu",
            "F0302 `crawl.Crawler.LastCrawl` has no member `Statu`: Statu\n\
             fix write `Status`",
        ),
        (
            "crawl[\"Crawlr\"]",
            "F0302 it has no member `Crawlr`: \"Crawlr\"\n\
             fix write `Crawler`",
        ),
        (
            "run.JobRunStat",
            "F0302 `run` has no member `JobRunStat`: JobRunStat\n\
             fix write `JobRunState`",
        ),
        (
            "crawl.Crawler.Targets.S3Targets.Path",
            "F0305 this is a list of objects or null, and a list has no members: Path\n\
             fix take `Path` of each element",
        ),
        (
            "crawl.Crawler.Targets.S3Targets[0].Pth",
            "F0302 it has no member `Pth`: Pth\n\
             fix write `Path`",
        ),
    ]);
}

#[test]
fn a_comparison_knows_the_values_that_there_are() {
    holds(&[
        ("crawl.Crawler.State == \"READY\"", ""),
        (
            "crawl.Crawler.State == \"REDY\"",
            "F0306 this is never equal: there is no value `\"REDY\"`: \"REDY\"\n\
             fix write `\"READY\"`",
        ),
        (
            "run.JobRunState in [\"SUCCEEDED\", \"FAILD\"]",
            "F0306 this is never found: there is no value `\"FAILD\"`: \"FAILD\"\n\
             fix write `\"FAILED\"`",
        ),
        (
            "crawl.Crawler.State == 3",
            "F0306 `\"READY\"`, `\"RUNNING\"` or `\"STOPPING\"` is never equal to int: crawl.Crawler.State == 3",
        ),
    ]);
}

#[test]
fn a_list_is_no_string_and_a_string_no_number() {
    holds(&[
        (
            "substring(crawl.Crawler.Classifiers, 1)",
            "F0301 expected string, found a list of strings or null: crawl.Crawler.Classifiers",
        ),
        ("\"{crawl.Crawler.Classifiers}\"", ""),
        (
            "run.ExecutionTime + run.JobName",
            "F0304 `+` adds numbers, and this is a string: run.JobName\n\
             fix write one string",
        ),
        (
            "day + 1",
            "F0304 `+` adds numbers, and this is a string: day\n\
             fix write one string",
        ),
    ]);
}

#[test]
fn the_references_spelling_is_understood_in_results() {
    holds(&[
        ("found.DbInstances[0].DbInstanceIdentifier", ""),
        (
            "found.DBInstances[0].DBInstanceIdentifier",
            "F0420 Step Functions spells `DBInstances` as `DbInstances`: DBInstances\n\
             fix write `DbInstances`\n\
             F0420 Step Functions spells `DBInstanceIdentifier` as `DbInstanceIdentifier`: DBInstanceIdentifier\n\
             fix write `DbInstanceIdentifier`",
        ),
        (
            "found[\"DBInstances\"]",
            "F0420 Step Functions spells `DBInstances` as `DbInstances`: \"DBInstances\"\n\
             fix write `DbInstances`",
        ),
    ]);
}

#[test]
fn typed_values_of_items_are_read_in_either_spelling() {
    holds(&[
        ("item.Item.done.BOOL", ""),
        ("item.Item.done.Bool", ""),
        ("item.Item.tags.Ss", ""),
        (
            "item.Item.done.BOL",
            "F0302 `item.Item.done` has no member `BOL`: BOL\n\
             fix write `BOOL`",
        ),
        ("rows.Items[0].done.BOOL ?? false", ""),
        (
            "if item.Item.done.BOOL != null then not item.Item.done.BOOL else true",
            "",
        ),
        ("plain(item.Item).done", ""),
    ]);
}

#[test]
fn an_escape_is_looked_through() {
    holds(&[
        ("jsonata`$map($rows.Items, $string)`", ""),
        (
            "jsonata`($n := 1; $f := function($x) { $x + $n }; $f(2))`",
            "",
        ),
        (
            "jsonata`$upercase($day)`",
            "F0311 Step Functions has no function `$upercase`: jsonata`$upercase($day)`",
        ),
        (
            "jsonata`$eval('1')`",
            "F0311 Step Functions has no function `$eval`: jsonata`$eval('1')`",
        ),
        (
            "jsonata`$count([$day)`",
            "F0101 this is no JSONata: `)` closes nothing that is open: )",
        ),
        (
            "jsonata`$day & `",
            "F0101 this is no JSONata: nothing stands behind `&`: &",
        ),
        (
            "jsonata`$uppercase($dya)`",
            "F0309 there is no name `dya` here that `$dya` could read: $dya\n\
             fix write `$day`",
        ),
    ]);
}
