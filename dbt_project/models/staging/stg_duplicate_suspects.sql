{{ duplicate_persons('suspect') }}
