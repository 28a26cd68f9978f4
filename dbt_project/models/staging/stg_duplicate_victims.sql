{{ duplicate_persons('victim') }}
