{#
    Attributes of a person, the same for victims and suspects. Needs `persons` joined to age_bands, self_defined
    and observed. Ethnicity is the self-defined one; the observed one never fills its gaps.
#}
{% macro person_attributes(persons) %}
        {{ persons }}.gender,
        coalesce({{ persons }}.gender in ('male', 'female'), false) as gender_recorded,
        {{ persons }}.age_at_offence,
        age_bands.age_band,
        self_defined.ethnicity_group,
        -- Chinese is O1 under 16+1 and A4 under 18+1: one code from here on
        coalesce(self_defined.recode_to, {{ persons }}.self_defined_ethnicity) as self_defined_ethnicity,
        case
            when self_defined.ethnicity_group is not null then null
            when self_defined.missing_reason is not null then self_defined.missing_reason
            -- the staged value is itself a reason: refused, not_known, …, or unmapped
            else coalesce({{ persons }}.self_defined_ethnicity, 'not_recorded')
        end as ethnicity_missing_reason,
        {{ persons }}.observed_ethnicity,
        observed.ethnicity_group as observed_ethnicity_group,
        {{ persons }}.disability,
        {{ persons }}.nationality
{%- endmacro %}
