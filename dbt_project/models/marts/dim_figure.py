"""What each figure counts, in words: those of `orchestration.releases.figures`, as pages and `cpai explain` say them."""

COLUMNS = ("figure_id", "scheme", "unit", "population", "criterion", "breakdown", "category")


def model(dbt, session):
    import pyarrow as pa

    from orchestration.releases.figures import described

    # what any place has the nation has; a figure without a rounding is a plain count, and has no base
    figures = dbt.ref("figures").filter("place_type = 'national'")
    rows = figures.select(", ".join((*COLUMNS, "percent_rounding"))).distinct().order("all").fetchall()
    words = [described(dict(zip((*COLUMNS, "denominator"), row, strict=True))) for row in rows]
    names = words[0] if words else ("figure_id", "scheme", "counts", "base", "definition", "repeats")
    # a column without any text is one of texts too
    return pa.Table.from_pylist(words, schema=pa.schema([(name, pa.string()) for name in names]))
