{#
    What a build makes again. Models of records are built by force and quarter, those about candidates by quarter: the
    rows of what is made again are deleted and inserted, all others stay. In a warehouse that was not built before
    everything is made again; after a change of models or seeds, all that hangs on them.

    Each condition is of a relation's own columns `force` and `quarter`. How far a change reaches:
    - `in_changed_return`: the return itself. All that is made of its records alone.
    - `in_reach`: and each return with a crime under one of its references. A later return cancels a crime, a crime moves to
      another quarter, a reference is counted twice.
    - `in_quarter_in_reach`: every return of a quarter with one of these, or whose links changed (`cocad_candidates_reach`), or
      whose readings changed (`cocad_reach`): candidates are drawn and read by quarter.
    - `in_year_in_reach`: the year of such a quarter, which figures and agreement are given of.
#}
{% macro in_changed_return(records=none) -%}
    {%- set of = records ~ '.' if records else '' -%}
    ({{ of }}force, {{ of }}quarter) in (select force, quarter from {{ ref('int_reach') }} where is_changed)
{%- endmacro %}

{% macro in_reach(records=none) -%}
    {%- set of = records ~ '.' if records else '' -%}
    ({{ of }}force, {{ of }}quarter) in (select force, quarter from {{ ref('int_reach') }})
{%- endmacro %}

{% macro in_quarter_in_reach(records=none, quarter='quarter', reach='cocad_reach') -%}
    {{ records ~ '.' if records }}{{ quarter }} in (select quarter from {{ ref(reach) }})
{%- endmacro %}

{% macro in_year_in_reach(period, records=none) -%}
    substr({{ records ~ '.' if records }}{{ period }}, 1, 4) in (select substr(quarter, 1, 4) from {{ ref('cocad_reach') }})
{%- endmacro %}

{# Before an incremental model is built: its rows of what is made again go, so that a return without records leaves none. #}
{% macro forget(made_again) -%}
    {% if is_incremental() %}delete from {{ this }} where {{ made_again }}{% endif %}
{%- endmacro %}

{# The end of an incremental model that only grows: without the rows that it has. #}
{% macro not_here_yet(columns='*') -%}
    {% if is_incremental() %}except select {{ columns }} from {{ this }}{% endif %}
{%- endmacro %}

{# CTEs down to `changed_inputs`: the quarters whose inputs of one kind are not those that were last built. #}
{% macro changed_inputs(what, inputs_by_quarter) -%}
inputs as (
    select * from {{ inputs_by_quarter }}
),

built as (
    select * from {{ ref('int_built_inputs') }}
    where what = '{{ what }}'
),

changed_inputs as (
    select coalesce(inputs.quarter, built.quarter) as quarter
    from inputs
    full join built on inputs.quarter = built.quarter
    where inputs.fingerprint is distinct from built.fingerprint
)
{%- endmacro %}

{# One text for the rows of a group in whatever order: equal texts for equal rows. #}
{% macro fingerprint(columns) -%}
    cast(count(*) as varchar) || ' ' || cast(sum(cast({{ row_hash(columns) }} as decimal(38, 0))) as varchar)
{%- endmacro %}

{# Whether the build before came to its end: what it was about is then done. #}
{% macro last_build_was_whole() %}{{ return(adapter.dispatch('last_build_was_whole', 'cpai')()) }}{% endmacro %}
{% macro default__last_build_was_whole() %}coalesce(getvariable('last_build_was_whole'), false){% endmacro %}
{% macro spark__last_build_was_whole() %}coalesce(last_build_was_whole, false){% endmacro %}
